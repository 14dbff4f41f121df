// A cache of packed weights (Backend::pack), stored with the weights' storage.
//
// The chunks of a batch multiply by the same weights on several threads. The first thread that needs a matrix packs it.
// A matrix is packed again if the version of its storage has changed. Code that writes weights in place must therefore
// call Tensor::touch.
#pragma once

#include <map>
#include <mutex>
#include <utility>

#include "tensor/tensor.h"

namespace astro {

class PackedWeights {
  public:
    // op(weight) of a matrix in the layout that Backend::linear expects: `weight` itself if the backend does not pack.
    static Tensor of(Tensor weight, bool transposed);

  private:
    struct Entry {
        uint64_t version;
        Tensor packed;
    };
    std::map<std::pair<int64_t, bool>, Entry> entries_;  // key: offset in the storage, transposed
};

}  // namespace astro
