// Entries of the backend contract on the same arrays, on the CUDA backend and on the CPU's.
#pragma once

#include "tensor/rng.h"
#include "tests/cuda/both.h"

namespace astro {

// Arrays by name of use: inputs with their values, outputs by their number of elements.
struct Arrays {
    std::vector<std::vector<double>> in;
    std::vector<int64_t> out;
};
// Calls an entry of the contract on device arrays; outputs start as ones (some entries add to them).
using Entry = std::function<void(Backend&, DType, const std::vector<const void*>&, const std::vector<void*>&)>;

inline std::vector<std::vector<double>> outputs_of(Backend& backend, DType type, const Arrays& arrays,
                                                   const Entry& entry) {
    std::vector<Tensor> in, out;
    std::vector<const void*> from;
    std::vector<void*> to;
    for (const auto& values : arrays.in)
        in.push_back(Tensor::from(backend, Shape{static_cast<int64_t>(values.size())}, values).cast(type));
    for (int64_t n : arrays.out) out.push_back(Tensor::full(backend, type, Shape{n}, 1));
    for (const Tensor& t : in) from.push_back(t.raw());
    for (Tensor& t : out) to.push_back(t.raw());
    entry(backend, type, from, to);
    std::vector<std::vector<double>> results;
    for (const Tensor& t : out) results.push_back(t.cast(DType::f64).to_vector<double>());
    return results;
}

inline void compare(Backend& gpu, const std::string& what, const Arrays& arrays, const Entry& entry,
                    double tolerance32 = 2e-6) {
    static const auto cpu = make_cpu_backend();
    INFO(what);
    const auto exact = outputs_of(*cpu, DType::f64, arrays, entry);
    for (DType type : {DType::f32, DType::f64}) {
        const auto got = outputs_of(gpu, type, arrays, entry);
        for (size_t i = 0; i < got.size(); ++i) {
            INFO("output ", i, " ", dtype_name(type));
            CHECK(relative_difference(got[i], exact[i]) < (type == DType::f32 ? tolerance32 : 1e-12));
        }
        CHECK(same_in_each_order([&] { return outputs_of(gpu, type, arrays, entry); }));
    }
}

inline std::vector<double> random(int64_t n, uint64_t seed, double low = -1, double high = 1) {
    Rng rng(seed);
    std::vector<double> values(static_cast<size_t>(n));
    for (double& v : values) v = rng.uniform(low, high);
    return values;
}

}  // namespace astro
