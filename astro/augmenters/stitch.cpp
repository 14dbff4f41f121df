#include "astro/augmenters/stitch.h"

#include <cmath>

#include "astro/diagnosis.h"
#include "astro/splice.h"

namespace astro::method::augmenters {

void Stitch::each_model(const Visit& visit) {
    visit(pipeline_.tdr(), pipeline_.fingerprint("tdr"));
    for (int64_t m = 0; m < pipeline_.ensemble(); ++m) visit(pipeline_.dynamics(m), pipeline_.fingerprint("dynamics"));
    visit(pipeline_.planner(), pipeline_.fingerprint("planner"));
}

int64_t Stitch::rows_wanted() const {
    return std::llround(pipeline_.config().augment.ratio * static_cast<double>(pipeline_.train_data().rows));
}

Augmentation Stitch::grow(int64_t rows, const ChainProgress& progress) {
    const Config& config = pipeline_.config();
    const Context& context = pipeline_.context();
    const Statistics& statistics = pipeline_.statistics();
    const TargetIndex index(context.threads, config.selection, pipeline_.selection_map(), statistics,
                            config.planner.gap + 1, config.planner.context, pipeline_.seed());
    const AcceptanceBounds bounds = measure_bounds(config.augment, pipeline_.train(), statistics,
                                                   pipeline_.validation_bridges(), pipeline_.ensemble());
    return build_chains(context, config.augment, pipeline_.selection_map(), index, pipeline_.planner(), statistics,
                        bounds, config.selection, pipeline_.seed(), rows, progress);
}

data::Dataset Stitch::splice(const Augmentation& made) const {
    if (made.chains.empty())
        fail(ErrorKind::data, "augment: no bridge was accepted out of ", made.attempts.size(), " attempts",
             made.stopped_because.empty() ? "" : " (" + made.stopped_because + ")", ": ",
             why_no_bridge(pipeline_, made));
    return to_dataset(made, pipeline_.train_rows(), pipeline_.units(), pipeline_.statistics(), qpos_columns_);
}

data::Dataset Stitch::make(int64_t rows, const Progress& progress) {
    ChainProgress chains;
    if (progress.made) chains.round = [&](int64_t so_far, int64_t, const Augmentation&) { progress.made(so_far); };
    chains.interrupted = progress.interrupted;
    return splice(grow(rows, chains));
}

std::unique_ptr<Augmenter> make_stitch(Pipeline& pipeline, int64_t qpos_columns) {
    return std::make_unique<Stitch>(pipeline, qpos_columns);
}

}  // namespace astro::method::augmenters
