// Settings of the augmenters, one struct per section (see astro/config/config.h), and the arms of an experiment.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "astro/config/field.h"

namespace astro::method {

enum class ChainRule { mono, ext, random };
enum class ChainDistance { closed, raw, euclid };
enum class Seam { smear, snap, open };

// Stitching: chains, acceptance, seam.
struct AugmentConfig {
    ChainRule chain = ChainRule::mono;
    ChainDistance distance = ChainDistance::closed;
    Seam seam = Seam::smear;
    int64_t depth = 16, chains = 256;
    double ratio = 1;
    int64_t bridge_candidates = 2, targets_per_cut = 4, idle_rounds = 10;
    double accept_threshold = .4, plausibility = 1.2, plausibility_percentile = 99.9;
    double disagreement_percentile = 95, bound_threshold = 0, bound_coverage = .9;
    double start_arrival = 40, cut_share = .4, mono_progress = 24, ext_progress = 14, detour = 1.2;
    double detour_steps = 6;
    int64_t tail_rows = 10;

    template <class V>
    void visit(V& v) {
        v("chain", chain,
          "rule for the next target; mono: monotone progress away from the start of the chain, without a long detour; "
          "ext: extension, targets whose episodes end farthest from the start come first; random: any target",
          Source::ours, one_of({"mono", "ext", "random"}));
        v("distance", distance, "distance that the chain rule uses", Source::ours, one_of({"closed", "raw", "euclid"}));
        v("seam", seam, "end of a stored bridge: residual spread, last state snapped, or left open", Source::ours,
          one_of({"smear", "snap", "open"}));
        v("depth", depth, "maximum number of bridges in a chain", Source::ours, between(1, 1000));
        v("chains", chains, "chains built in parallel in a round", Source::ours, between(1, 65536));
        v("ratio", ratio, "requested rows of spliced chains, as a multiple of the real rows", Source::ours,
          between(1e-4, 1000));
        v("bridge_candidates", bridge_candidates, "plans sampled per bridge; the best is kept", Source::ours,
          between(1, 1024));
        v("targets_per_cut", targets_per_cut, "targets tried before a chain ends", Source::ours, between(1, 1000));
        v("idle_rounds", idle_rounds, "rounds without a bridge after which augmentation stops", Source::ours,
          between(1, 1e6));
        v("accept_threshold", accept_threshold, "maximum arrival error of an accepted bridge, in sigma_delta",
          Source::ours, between(0, 1e6));
        v("plausibility", plausibility, "maximum step of a bridge, as a multiple of the percentile of real steps",
          Source::ours, between(0, 1e6));
        v("plausibility_percentile", plausibility_percentile, "percentile of the real steps' largest component",
          Source::ours, between(50, 100));
        v("disagreement_percentile", disagreement_percentile,
          "ensemble: a bridge's disagreement is at most this percentile of that on validation", Source::ours,
          between(50, 100));
        v("bound_threshold", bound_threshold,
          "maximum bound on the true arrival error of an accepted bridge, in sigma_delta; 0: none", Source::ours,
          between(0, 1e6));
        v("bound_coverage", bound_coverage,
          "share of held-out windows, in which recorded actions are executed, that the bound on the true arrival error "
          "covers",
          Source::ours, between(.5, .999));
        v("start_arrival", start_arrival, "a chain starts in an episode that travels for more than this many steps",
          Source::ours, at_least(0));
        v("cut_share", cut_share, "the cut lies in this last share of the suffix's travel", Source::ours,
          between(.01, 1));
        v("mono_progress", mono_progress,
          "mono: minimum progress in steps, the distance from the start to the new suffix's end less that to the cut",
          Source::ours, at_least(0));
        v("ext_progress", ext_progress, "ext: minimum progress in steps, as for mono", Source::ours, at_least(0));
        v("detour", detour, "mono: maximum length of the path, as a multiple of the distance from the start",
          Source::ours, at_least(1));
        v("detour_steps", detour_steps, "mono: steps added to the bound of augment.detour", Source::ours, at_least(0));
        v("tail_rows", tail_rows, "rows kept after the arrival of the last suffix", Source::ours, between(0, 1e6));
    }
};

// Straight bridges: the inverse model that predicts their actions.
struct StraightConfig {
    int64_t layers = 2, width = 128, batch = 256, updates = 5000;
    double learning_rate = 1e-3, learning_rate_end = 1e-5;

    template <class V>
    void visit(V& v) {
        v("layers", layers, "hidden layers", Source::ours, between(1, 16));
        v("width", width, "units per hidden layer", Source::ours, between(1, kMaxWidth));
        v("batch", batch, "transitions per batch", Source::ours, between(1, 65536));
        v("updates", updates, "gradient steps", Source::ours, between(1, kMaxCount));
        v("learning_rate", learning_rate, "initial learning rate of Adam", Source::ours, between(1e-8, 1));
        v("learning_rate_end", learning_rate_end, "final learning rate (cosine decay)", Source::ours, between(0, 1));
    }
};

// Goals swapped between episodes that meet.
struct SwapConfig {
    double quantile = .5;

    template <class V>
    void visit(V& v) {
        v("quantile", quantile,
          "two rows meet within this quantile of the distances from recorded rows to the nearest row of another "
          "episode",
          Source::ours, between(.01, 1));
    }
};

}  // namespace astro::method
