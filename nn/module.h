// Modules and their parameters.
//
// A module is a plain struct of tensors and other modules. Its template `visit(v)` calls v("weight", weight) for each
// member, in a fixed order. This yields dotted names and serves counting, copying and saving. A ParameterSet moves the
// parameters of a module into one flat tensor and makes the module's tensors views of it. The gradient, the moments of
// the optimiser and the parameters of a target network are then one array each.
#pragma once

#include <map>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "tensor/ops.h"
#include "tensor/rng.h"

namespace astro::nn {

// What is needed to create modules: backend, type of the parameters, random stream for their initial values.
struct Maker {
    Backend& backend;
    DType type;
    Rng& rng;

    Tensor zeros(const Shape& shape) const { return Tensor::zeros(backend, type, shape); }
    Tensor normal(const Shape& shape, double standard_deviation) const;
    Tensor uniform(const Shape& shape, double bound) const;
    Tensor xavier(int64_t in, int64_t out) const;  // uniform, bound sqrt(6 / (in + out)); shape (in, out)
};

struct Parameter {
    std::string name;  // dotted
    Tensor* tensor;
};

// Collects the parameters of a module. Use parameters_of(module).
class ParameterVisitor {
  public:
    explicit ParameterVisitor(std::vector<Parameter>& out) : out_(out) {}

    void operator()(const std::string& name, Tensor& tensor) {
        if (tensor.defined()) out_.push_back({prefix_ + name, &tensor});
    }
    template <class M>
    void operator()(const std::string& name, std::vector<M>& modules) {
        for (size_t i = 0; i < modules.size(); ++i) (*this)(name + std::to_string(i), modules[i]);
    }
    template <class M>
    std::enable_if_t<std::is_class_v<M>> operator()(const std::string& name, M& module) {
        std::string outer = std::exchange(prefix_, prefix_ + name + ".");
        module.visit(*this);
        prefix_ = outer;
    }

  private:
    std::vector<Parameter>& out_;
    std::string prefix_;
};

template <class M>
std::vector<Parameter> parameters_of(M& module) {
    std::vector<Parameter> parameters;
    ParameterVisitor visitor(parameters);
    module.visit(visitor);
    return parameters;
}

class ParameterSet {
  public:
    ParameterSet() = default;
    // Copies the module's parameters to a new flat tensor and makes the module's tensors views of it. A copy of a
    // module shares the tensors of the original until it gets its own ParameterSet.
    template <class M>
    explicit ParameterSet(M& module) : ParameterSet(parameters_of(module)) {}
    explicit ParameterSet(const std::vector<Parameter>& parameters);

    const Tensor& flat() const { return flat_; }
    Tensor& flat() { return flat_; }
    int64_t size() const { return flat_.numel(); }

    // Named views into a flat tensor with the layout of this set (the parameters, a moment, an average).
    std::vector<std::pair<std::string, Tensor>> views(const Tensor& flat) const;

  private:
    struct Entry {
        std::string name;
        int64_t offset;
        Shape shape;
    };
    std::vector<Entry> entries_;
    Tensor flat_;
};

}  // namespace astro::nn
