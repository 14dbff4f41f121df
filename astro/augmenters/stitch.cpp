// ASTRO's augmenter: chains of real suffixes and planned bridges. Its ablations are settings of [selection], [planner]
// and [augment].
#include <algorithm>

#include "astro/augmenters/augmenter.h"
#include "astro/chains.h"
#include "astro/diagnosis.h"
#include "astro/splice.h"

namespace astro::method::augmenters {

namespace {

class Stitch : public Augmenter {
  public:
    Stitch(Pipeline& pipeline, int64_t qpos_columns) : pipeline_(pipeline), qpos_columns_(qpos_columns) {}

    // Builds chains, then splices them. Throws Error(data) if no bridge was accepted.
    data::Dataset make(int64_t rows, const Progress& progress) override {
        ChainProgress chains;
        chains.round = [&](int64_t so_far, int64_t, const Augmentation& attempts) {
            attempts_ = &attempts;
            if (progress.made) progress.made(so_far);
            attempts_ = nullptr;
        };
        made_ = build(rows, chains);
        attempts_ = &made_;
        if (made_.chains.empty())
            fail(ErrorKind::data, "augment: no bridge was accepted out of ", made_.attempts.size(), " attempts",
                 made_.stopped_because.empty() ? "" : " (" + made_.stopped_because + ")", ": ",
                 why_no_bridge(pipeline_, made_));
        return to_dataset(made_, pipeline_.train_rows(), pipeline_.units(), pipeline_.statistics(), qpos_columns_);
    }

    const Augmentation* attempts() const override { return attempts_; }

  private:
    Augmentation build(int64_t rows, const ChainProgress& progress) {
        pipeline_.check_travel();
        const Config& config = pipeline_.config();
        const Context& context = pipeline_.context();
        const Statistics& statistics = pipeline_.statistics();
        const TargetIndex index(context.threads, config.selection, pipeline_.selection_map(), statistics,
                                config.planner.gap + 1, config.planner.context, pipeline_.seed());
        AcceptanceBounds bounds = measure_bounds(config.augment, pipeline_.train(), statistics,
                                                 pipeline_.validation_bridges(), pipeline_.ensemble());
        constexpr int64_t kWindows = 512;  // of each length, if a bound needs no more
        bounds.arrival_bound = calibrate_arrival_bound(
            context, pipeline_.planner(), pipeline_.validation(), pipeline_.validation_map().arrival,
            config.augment.bound_coverage, std::max(kWindows, values_for_quantile(config.augment.bound_coverage)));
        return build_chains(context, config.augment, pipeline_.selection_map(), index, pipeline_.planner(), statistics,
                            bounds, config.selection, pipeline_.seed(), rows, progress);
    }

    Pipeline& pipeline_;
    int64_t qpos_columns_;
    Augmentation made_;                       // by the last make()
    const Augmentation* attempts_ = nullptr;  // made_, or what make() reports as its progress
};

}  // namespace

std::unique_ptr<Augmenter> make_stitch(Pipeline& pipeline, int64_t qpos_columns) {
    return std::make_unique<Stitch>(pipeline, qpos_columns);
}

}  // namespace astro::method::augmenters
