// Weights laid out for products, kept beside them until they change.
//
// The pieces of a batch multiply by the same weights, on several threads; the first to need a matrix packs it. Where
// the storage's version has moved on, it is packed anew: so whoever writes weights in place must raise it
// (Tensor::touch).
#pragma once

#include <map>
#include <mutex>
#include <utility>

#include "tensor/tensor.h"

namespace astro {

class PackedWeights {
  public:
    // op(weight) as Backend::linear wants it: weight itself where the backend needs no packing. weight: a matrix.
    static Tensor of(Tensor weight, bool transposed);

  private:
    struct Entry {
        uint64_t version;
        Tensor packed;
    };
    std::map<std::pair<int64_t, bool>, Entry> entries_;  // by offset in the storage, and transposed
};

}  // namespace astro
