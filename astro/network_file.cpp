#include "astro/network_file.h"

#include "tensor/base/rows.h"

namespace astro::method {

std::string layer_key(const std::string& what, size_t i, const char* part) { return text(what, i, "/", part); }

void NetworkWriter::weights(const std::string& key, const Tensor& tensor) {
    std::vector<int64_t> shape;
    for (int i = 0; i < tensor.rank(); ++i) shape.push_back(tensor.dim(i));
    (*this)(key, std::move(shape), tensor.cast(DType::f32).to_vector<float>());
}

void NetworkWriter::units(const std::string& name, const data::ColumnUnits& columns) {
    (*this)(name + "_centre", {columns.columns()}, columns.centre);
    (*this)(name + "_scale", {columns.columns()}, columns.scale);
}

void NetworkReader::require_shape(const std::string& key, const std::vector<int64_t>& shape) const {
    const std::vector<int64_t>& found = file.entry(key).header.shape;
    if (found != shape)
        fail(ErrorKind::data, file.where(key), " has shape ", data::shape_text(found), ", expected ",
             data::shape_text(shape));
}

bool NetworkReader::flag(const std::string& key) const {
    const int64_t value = number(key);
    if (value != 0 && value != 1) fail(ErrorKind::data, file.where(key), " is ", value, ", expected 0 or 1");
    return value == 1;
}

Tensor NetworkReader::weights(const std::string& key, const Shape& shape) const {
    std::vector<int64_t> wanted;
    for (int i = 0; i < shape.rank(); ++i) wanted.push_back(shape[i]);
    return Tensor::from(backend, shape, (*this).operator()<double>(key, wanted));
}

int64_t NetworkReader::columns(const std::string& key) const {
    const std::vector<int64_t>& shape = file.entry(key).header.shape;
    if (shape.size() != 1 || shape[0] < 1)
        fail(ErrorKind::data, file.where(key), " has shape ", data::shape_text(shape),
             ", expected one number a column");
    return shape[0];
}

int64_t NetworkReader::rows(const std::string& key, int64_t width) const {
    const std::vector<int64_t>& shape = file.entry(key).header.shape;
    if (shape.size() != 2 || shape[0] < 1 || shape[1] != width)
        fail(ErrorKind::data, file.where(key), " has shape ", data::shape_text(shape), ", expected (rows, ", width,
             ")");
    return shape[0];
}

data::ColumnUnits NetworkReader::units(const std::string& name) const {
    data::ColumnUnits result;
    const int64_t n = columns(name + "_centre");
    result.centre = (*this).operator()<double>(name + "_centre", {n});
    result.scale = (*this).operator()<double>(name + "_scale", {n});
    for (int64_t i = 0; i < n; ++i) {
        const double scale = nth(result.scale, i);
        if (scale < 0) fail(ErrorKind::data, file.where(name + "_scale"), " is negative in column ", i);
        if (scale > 0) result.varying.push_back(i);
    }
    if (result.varying.empty()) fail(ErrorKind::data, file.where(name + "_scale"), " is 0 in every column");
    return result;
}

}  // namespace astro::method
