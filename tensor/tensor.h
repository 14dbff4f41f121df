// The tensor: a handle to shared, dense, row-major storage.
//
// Copying a Tensor creates an alias; clone() copies the elements; reshape() and rows() share storage. The storage knows
// its backend, so ops need no context argument. There are no strided views and no implicit type conversions.
#pragma once

#include <memory>
#include <vector>

#include "tensor/backend.h"
#include "tensor/base/rows.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"

namespace astro {

class PackedWeights;  // tensor/ops/packed_weights.h

// Memory on one backend. `version` counts in-place writes, so that a tape can detect changes of saved tensors.
struct Storage {
    Storage(Backend& b, int64_t n);
    ~Storage();
    Storage(const Storage&) = delete;
    Storage& operator=(const Storage&) = delete;

    Backend& backend;
    int64_t bytes;
    void* data = nullptr;  // null if bytes is 0
    uint64_t version = 0;
    std::unique_ptr<PackedWeights> packed;  // packed copies of matrices in this storage; created on first use
};

class Tensor {
  public:
    Tensor() = default;                                        // undefined
    Tensor(Backend& backend, DType type, const Shape& shape);  // uninitialised elements

    static Tensor full(Backend& backend, DType type, const Shape& shape, double value);
    static Tensor zeros(Backend& backend, DType type, const Shape& shape) { return full(backend, type, shape, 0); }
    // f32 random numbers, N(0, 1) and uniform in [low, high), generated on the backend of `state` (i64 (3), Rng::pack)
    // as by Rng::fill_normal and fill_uniform.
    static Tensor normal(const Shape& shape, const Tensor& state);
    static Tensor uniform(const Shape& shape, double low, double high, const Tensor& state);
    template <class T>
    static Tensor from(Backend& backend, const Shape& shape, const T* host) {
        Tensor t(backend, DTypeOf<T>::value, shape);
        backend.upload(t.raw(), host, t.bytes());
        return t;
    }
    template <class T>
    static Tensor from(Backend& backend, const Shape& shape, const std::vector<T>& host) {
        ASTRO_CHECK(shape.numel() == ssize(host), "Tensor::from: shape ", shape, " for ", host.size(), " values");
        return from(backend, shape, host.data());
    }

    bool defined() const { return storage_ != nullptr; }
    const Shape& shape() const { return shape_; }
    int64_t dim(int axis) const { return shape_[axis]; }
    int rank() const { return shape_.rank(); }
    int64_t numel() const { return shape_.numel(); }
    DType dtype() const { return dtype_; }
    int64_t bytes() const { return numel() * dtype_size(dtype_); }
    Backend& backend() const { return storage_->backend; }

    void* raw() { return static_cast<char*>(storage_->data) + offset_ * dtype_size(dtype_); }
    const void* raw() const { return static_cast<const char*>(storage_->data) + offset_ * dtype_size(dtype_); }
    template <class T>
    T* data() {
        check_type(DTypeOf<T>::value);
        return static_cast<T*>(raw());
    }
    template <class T>
    const T* data() const {
        check_type(DTypeOf<T>::value);
        return static_cast<const T*>(raw());
    }

    Tensor reshape(const Shape& shape) const;  // same elements, shared storage, same gradient
    // Shared storage, detached; but views of a tape's parameters are differentiated as the parameters are.
    Tensor rows(int64_t first, int64_t count) const;                         // a range of axis 0
    Tensor view(int64_t offset, const Shape& shape) const;                   // elements from offset on
    Tensor part(int64_t byte_offset, DType type, const Shape& shape) const;  // part of this memory as another type
    Tensor clone() const;
    Tensor cast(DType type) const;
    Tensor detach() const;  // shared storage, a constant to every tape, even if it is a tape's parameter

    template <class T>
    std::vector<T> to_vector() const {
        check_type(DTypeOf<T>::value);
        std::vector<T> host(to_size(numel()));
        backend().download(host.data(), raw(), bytes());
        return host;
    }
    double item() const;  // the value of a tensor of one element
    double norm() const;  // Euclidean norm of all elements; not finite if any element is not

    // In-place writes (optimisers, averages, loading). They increase the version.
    void fill(double value);
    void assign(const Tensor& other);  // same shape and type
    void touch() { ++storage_->version; }

    uint64_t version() const { return storage_->version; }
    const Storage* storage() const { return storage_.get(); }
    Storage* storage() { return storage_.get(); }
    int64_t offset() const { return offset_; }  // in elements
    bool sole_owner() const { return storage_.use_count() == 1; }

    // The node that produced this tensor: serial number of its tape (0: none) and index of the node.
    uint64_t tape_serial() const { return tape_serial_; }
    int node() const { return node_; }
    void set_node(uint64_t serial, int node) { tape_serial_ = serial, node_ = node; }
    bool detached() const { return tape_serial_ == kDetached; }

  private:
    static constexpr uint64_t kDetached = ~uint64_t{0};  // the serial number of no tape

    void detach_from_tape();  // a view of a node's output is not itself the output of that node
    void check_type(DType expected) const;

    std::shared_ptr<Storage> storage_;
    int64_t offset_ = 0;
    Shape shape_;
    DType dtype_ = DType::f32;
    uint64_t tape_serial_ = 0;
    int node_ = -1;
};

}  // namespace astro
