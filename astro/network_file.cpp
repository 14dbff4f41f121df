#include "astro/network_file.h"

#include "tensor/base/rows.h"

namespace astro::method {

namespace {

// The key of an array of layer i: "layer2/weight".
std::string key_of(const std::string& prefix, const char* what, size_t i, const char* part) {
    return text(prefix, what, i, "/", part);
}

}  // namespace

void NetworkWriter::weights(const std::string& key, const Tensor& tensor) {
    std::vector<int64_t> shape;
    for (int i = 0; i < tensor.rank(); ++i) shape.push_back(tensor.dim(i));
    (*this)(key, std::move(shape), tensor.cast(DType::f32).to_vector<float>());
}

void NetworkWriter::form(const std::string& prefix, const nn::MlpSpec& spec) {
    number(prefix + "hidden_layers", spec.layers);
    number(prefix + "gelu", spec.activation == nn::Activation::gelu);
    number(prefix + "layer_norm", spec.layer_norm);
}

void NetworkWriter::layers(const std::string& prefix, const nn::Mlp& net) {
    for (size_t i = 0; i < net.layers.size(); ++i) {
        weights(key_of(prefix, "layer", i, "weight"), net.layers[i].weight);
        weights(key_of(prefix, "layer", i, "bias"), net.layers[i].bias);
        if (i >= net.norms.size()) continue;
        weights(key_of(prefix, "norm", i, "gain"), net.norms[i].gain);
        weights(key_of(prefix, "norm", i, "bias"), net.norms[i].bias);
    }
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
             ", expected one number per column");
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

nn::MlpSpec NetworkReader::form(const std::string& prefix) const {
    nn::MlpSpec spec;
    spec.layers = number(prefix + "hidden_layers");
    spec.activation = flag(prefix + "gelu") ? nn::Activation::gelu : nn::Activation::relu;
    spec.layer_norm = flag(prefix + "layer_norm");
    return spec;
}

nn::Mlp NetworkReader::network(const std::string& prefix, nn::MlpSpec spec) const {
    if (spec.layers < 0 || spec.layers >= static_cast<int64_t>(file.entries().size()))
        fail(ErrorKind::data, file.where(prefix + "hidden_layers"), " is ", spec.layers,
             ", which does not match the layers in the file");
    nn::Mlp net;
    int64_t in = spec.in;
    for (size_t i = 0; i <= to_size(spec.layers); ++i) {
        const bool last = i == to_size(spec.layers);
        const std::string bias = key_of(prefix, "layer", i, "bias");
        const int64_t out = last ? spec.out : columns(bias);
        net.layers.push_back(
            {weights(key_of(prefix, "layer", i, "weight"), Shape{in, out}), weights(bias, Shape{out})});
        in = out;
        if (last || !spec.layer_norm) continue;
        net.norms.push_back({weights(key_of(prefix, "norm", i, "gain"), Shape{out}),
                             weights(key_of(prefix, "norm", i, "bias"), Shape{out})});
    }
    if (spec.layers > 0) spec.width = net.layers[0].weight.dim(1);
    net.spec = spec;
    return net;
}

}  // namespace astro::method
