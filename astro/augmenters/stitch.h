// ASTRO's augmenter: chains of real suffixes and planned bridges. Its ablations are settings of [selection], [planner]
// and [augment].
#pragma once

#include "astro/augmenters/augmenter.h"
#include "astro/chains.h"

namespace astro::method::augmenters {

class Stitch : public Augmenter {
  public:
    Stitch(Pipeline& pipeline, int64_t qpos_columns) : pipeline_(pipeline), qpos_columns_(qpos_columns) {}

    // The TDR, the dynamics models, the planner.
    void each_model(const Visit& visit) override;
    // Throws Error(data) if no bridge was accepted.
    data::Dataset make(int64_t rows, const Progress& progress) override;

    // The two halves of make(), for callers that also measure the attempts: the chains with all attempts, and the data
    // set made from the chains.
    Augmentation grow(int64_t rows, const ChainProgress& progress);
    data::Dataset splice(const Augmentation& made) const;

    // Rows that `astro augment` requests: augment.ratio times the real rows.
    int64_t rows_wanted() const;

  private:
    Pipeline& pipeline_;
    int64_t qpos_columns_;
};

}  // namespace astro::method::augmenters
