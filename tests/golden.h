// Reads the reference arrays of tests/golden/*.npz (made by make_*.py there) as f64 tensors.
#pragma once

#include <cmath>
#include <string>

#include "data/npz.h"
#include "nn/layers.h"

namespace astro {

struct Golden {
    Backend& backend;
    data::NpzReader npz;
    Golden(Backend& b, const std::string& name) : backend(b), npz("tests/golden/" + name + ".npz") {}

    Tensor tensor(const std::string& key) const {
        const data::NpyArray a = npz.read(key);
        Shape shape;
        for (int64_t n : a.shape) shape.push_back(n);
        return Tensor::from(backend, shape, a.to<double>(key));
    }
    double number(const std::string& key) const { return tensor(key).reshape(Shape{1}).item(); }
    std::vector<int64_t> integers(const std::string& key) const { return npz.read(key).to<int64_t>(key); }
    std::vector<double> numbers(const std::string& key) const { return tensor(key).to_vector<double>(); }

    // An MLP stored as PREFIX.layerI.weight, .bias and, with layer normalisation, PREFIX.normI.gain, .bias.
    nn::Mlp mlp(const std::string& prefix, nn::Activation activation) const {
        nn::Mlp m;
        m.spec.activation = activation;
        for (int i = 0; npz.find(prefix + ".layer" + std::to_string(i) + ".weight"); ++i) {
            const std::string layer = prefix + ".layer" + std::to_string(i),
                              norm = prefix + ".norm" + std::to_string(i);
            m.layers.push_back({tensor(layer + ".weight"), tensor(layer + ".bias")});
            if (!npz.find(norm + ".gain")) continue;
            m.spec.layer_norm = true;
            m.norms.push_back({tensor(norm + ".gain"), tensor(norm + ".bias")});
        }
        return m;
    }
    // Sets every parameter of a module to its stored value.
    template <class M>
    void fill(M& module, const std::string& prefix) const {
        for (nn::Parameter& p : nn::parameters_of(module)) *p.tensor = tensor(prefix + p.name);
    }
};

// Largest |a - b| / (1 + |b|).
inline double difference(const Tensor& a, const Tensor& b) {
    const auto x = a.to_vector<double>(), y = b.reshape(a.shape()).to_vector<double>();
    double worst = 0;
    for (size_t i = 0; i < x.size(); ++i) worst = std::max(worst, std::fabs(x[i] - y[i]) / (1 + std::fabs(y[i])));
    return worst;
}

// Largest difference between the gradients of a module's loss and the stored ones (prefix + name of the parameter).
template <class M, class F>
double gradient_difference(const Golden& golden, M& module, const std::string& prefix, F loss) {
    nn::ParameterSet set(module);
    Tape tape({set.flat()});
    tape.backward(loss());
    double worst = 0;
    for (auto& [name, g] : set.views(tape.parameter_gradient()))
        worst = std::max(worst, difference(g, golden.tensor(prefix + name)));
    return worst;
}

}  // namespace astro
