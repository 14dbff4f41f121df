#include "tensor/tensor.h"

#include "tensor/ops/packed_weights.h"

namespace astro {

Storage::Storage(Backend& b, int64_t n) : backend(b), bytes(n) {
    if (n > 0) data = b.allocator().allocate(n);
}

Storage::~Storage() {
    if (data) backend.allocator().release(data, bytes);
}

Tensor::Tensor(Backend& backend, DType type, const Shape& shape)
    : storage_(std::make_shared<Storage>(backend, shape.numel() * dtype_size(type))), shape_(shape), dtype_(type) {}

Tensor Tensor::full(Backend& backend, DType type, const Shape& shape, double value) {
    Tensor t(backend, type, shape);
    backend.fill(type, t.numel(), value, t.raw());
    return t;
}

Tensor Tensor::normal(const Shape& shape, const Tensor& state) {
    Tensor t(state.backend(), DType::f32, shape);
    t.backend().random_normal(t.numel(), state.data<int64_t>(), t.raw());
    return t;
}

Tensor Tensor::uniform(const Shape& shape, double low, double high, const Tensor& state) {
    Tensor t(state.backend(), DType::f32, shape);
    t.backend().random_uniform(t.numel(), state.data<int64_t>(), static_cast<float>(low), static_cast<float>(high),
                               t.raw());
    return t;
}

Tensor Tensor::reshape(const Shape& shape) const {
    ASTRO_CHECK(shape.numel() == numel(), "reshape: ", shape_, " has ", numel(), " elements, ", shape, " has ",
                shape.numel());
    Tensor t = *this;
    t.shape_ = shape;
    return t;
}

Tensor Tensor::rows(int64_t first, int64_t count) const {
    ASTRO_CHECK(rank() >= 1 && first >= 0 && count >= 0 && first + count <= dim(0), "rows: [", first, ", ",
                first + count, ") of ", shape_);
    Shape shape = shape_;
    shape.set(0, count);
    return view(first * shape_.product(1, rank()), shape);
}

Tensor Tensor::view(int64_t offset, const Shape& shape) const {
    ASTRO_CHECK(offset >= 0 && offset + shape.numel() <= numel(), "view: ", shape, " at ", offset, " of ", shape_);
    Tensor t = *this;
    t.offset_ += offset;
    t.shape_ = shape;
    t.detach_from_tape();
    return t;
}

Tensor Tensor::part(int64_t byte_offset, DType type, const Shape& shape) const {
    const int64_t size = dtype_size(type), first = offset_ * dtype_size(dtype_) + byte_offset;
    ASTRO_CHECK(byte_offset >= 0 && first % size == 0 && byte_offset + shape.numel() * size <= bytes(),
                "part: ", dtype_name(type), " ", shape, " at byte ", byte_offset, " of ", bytes());
    Tensor t = *this;
    t.offset_ = first / size;
    t.shape_ = shape;
    t.dtype_ = type;
    t.detach_from_tape();
    return t;
}

Tensor Tensor::detach() const {
    Tensor t = *this;
    t.set_node(kDetached, -1);
    return t;
}

void Tensor::detach_from_tape() {
    if (!detached()) set_node(0, -1);
}

Tensor Tensor::clone() const {
    Tensor t(backend(), dtype_, shape_);
    backend().copy(t.raw(), raw(), bytes());
    return t;
}

Tensor Tensor::cast(DType type) const {
    Tensor t(backend(), type, shape_);
    backend().cast(dtype_, raw(), type, t.raw(), numel());
    return t;
}

double Tensor::item() const {
    ASTRO_CHECK(numel() == 1, "item: expected one element, got ", shape_);
    return cast(DType::f64).to_vector<double>()[0];
}

double Tensor::norm() const {
    Tensor y(backend(), DType::f64, Shape{});
    backend().norm(dtype_, numel(), raw(), y.data<double>());
    return y.item();
}

void Tensor::fill(double value) {
    backend().fill(dtype_, numel(), value, raw());
    touch();
}

void Tensor::assign(const Tensor& other) {
    ASTRO_CHECK(other.dtype_ == dtype_ && other.shape_ == shape_, "assign: ", dtype_name(other.dtype_), " ",
                other.shape_, " to ", dtype_name(dtype_), " ", shape_);
    backend().copy(raw(), other.raw(), bytes());
    touch();
}

void Tensor::check_type(DType expected) const {
    ASTRO_CHECK(dtype_ == expected, "tensor of ", dtype_name(dtype_), " read as ", dtype_name(expected));
}

}  // namespace astro
