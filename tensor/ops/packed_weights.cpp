#include "tensor/ops/packed_weights.h"

namespace astro {

Tensor PackedWeights::of(Tensor weight, bool transposed) {
    const int64_t k = weight.dim(transposed ? 1 : 0), n = weight.dim(transposed ? 0 : 1);
    Backend& backend = weight.backend();
    const int64_t size = backend.packed_size(weight.dtype(), k, n);
    if (size == 0) return weight;
    static std::mutex mutex;  // shared by all weights: packing takes only some tens of microseconds
    std::lock_guard<std::mutex> lock(mutex);
    std::unique_ptr<PackedWeights>& kept = weight.storage()->packed;
    if (!kept) kept = std::make_unique<PackedWeights>();
    Entry& entry = kept->entries_[{weight.offset(), transposed}];
    if (!entry.packed.defined() || entry.version != weight.version() || entry.packed.numel() != size) {
        // Allocate a new tensor: another thread may still be using the old one.
        entry = {weight.version(), Tensor(backend, weight.dtype(), Shape{size})};
        backend.pack(weight.dtype(), transposed, k, n, weight.raw(), entry.packed.raw());
    }
    return entry.packed;
}

}  // namespace astro
