#include "astro/chains.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>

#include "tensor/base/rows.h"

namespace astro::method {

namespace {

// A cut, and the target of its bridge.
struct Ends {
    int64_t cut = -1, target = -1;
};

// Sorts pairs by a key that is computed once for each; equal ones keep their order.
template <class Key>
void sort_by(std::vector<Ends>& pairs, const Key& key) {
    std::vector<std::pair<double, size_t>> order;
    for (size_t i = 0; i < pairs.size(); ++i) order.emplace_back(key(pairs[i]), i);
    std::sort(order.begin(), order.end());
    std::vector<Ends> sorted;
    for (const auto& [value, i] : order) sorted.push_back(pairs[i]);
    pairs = std::move(sorted);
}

// Removes repeated pairs, and puts the others in random order.
void shuffle_unique(std::vector<Ends>& pairs, Rng rng) {
    auto key = [](const Ends& p) { return std::pair(p.cut, p.target); };
    std::sort(pairs.begin(), pairs.end(), [&](const Ends& a, const Ends& b) { return key(a) < key(b); });
    pairs.erase(std::unique(pairs.begin(), pairs.end(), [&](const Ends& a, const Ends& b) { return key(a) == key(b); }),
                pairs.end());
    for (int64_t i = ssize(pairs); i > 1; --i) std::swap(nth(pairs, i - 1), nth(pairs, rng.below(i)));
}

// A chain under construction. `chain` holds its rows so far; the suffix of a real episode from `suffix_row` follows.
struct OpenChain {
    int64_t id = 0;
    Chain chain;
    int64_t start_row = 0, suffix_row = 0, suffix_segment = 0;
    std::vector<int64_t> visited;  // segments
    Rng stream{0};
    int64_t draws = 0;  // number of random decisions so far; each has its own stream
    // The current decision: pairs of cut and target, in the order in which they are tried.
    bool decided = false, any_candidate = false;
    std::vector<Ends> pairs;
    int64_t tries = 0;  // number of pairs that were tried or skipped
    bool open = true;

    Rng next_stream() { return stream.stream(static_cast<uint64_t>(draws++)); }
};

class ChainBuilder {
  public:
    ChainBuilder(const Context& context, const AugmentConfig& config, const TemporalMap& map, const TargetIndex& index,
                 const BridgeMaker& maker, const Statistics& statistics, const AcceptanceBounds& bounds,
                 const SelectionConfig& selection, uint64_t seed)
        : context_(context),
          config_(config),
          map_(map),
          index_(index),
          maker_(maker),
          statistics_(statistics),
          bounds_(bounds),
          selection_(selection),
          rng_(Rng(seed).stream("chains")),
          starts_(chain_starts(map, config)) {}

    Augmentation build(int64_t wanted, const ChainProgress& progress);

  private:
    const Trajectories& data() const { return *map_.data; }
    const data::Dataset& rows() const { return *map_.data->dataset; }
    int64_t arrival(int64_t segment) const { return nth(map_.arrival, segment); }
    using Pair = std::pair<int64_t, int64_t>;  // of landmarks
    Pair pair_of(int64_t a, int64_t b) const { return {nth(map_.landmark_of, a), nth(map_.landmark_of, b)}; }
    int64_t accepted(const Pair& pair) const {
        const auto found = accepted_pairs_.find(pair);
        return found == accepted_pairs_.end() ? 0 : found->second;
    }

    double distance(int64_t a, int64_t b) const;
    OpenChain begin_chain();
    void choose(OpenChain& chain);
    bool follows_rule(int64_t start, int64_t cut, int64_t target) const;
    void extend(OpenChain& chain, const BridgeAttempt& attempt, int64_t attempt_index);
    void finish(OpenChain& chain);
    // A bridge requested in this round; after sampling, its best candidate.
    struct Request {
        OpenChain* chain;
        Ends pair;
        int64_t gap;
        double probe_error;
        Bridge best;
    };
    StitchEnds ends_of(const Request& request) const;
    std::vector<Request> next_requests();
    // Calls f with the requests of each length of bridges, their ends and random streams.
    using Group = std::function<void(const std::vector<Request*>&, int64_t gap, const std::vector<StitchEnds>&,
                                     const std::vector<Rng>&)>;
    void for_each_length(std::vector<Request>& requests, const Group& f) const;
    std::vector<Request> keep_best_probes(std::vector<Request> requests);
    void sample(std::vector<Request>& requests);
    int64_t judge_all(std::vector<Request>& requests);

    const Context& context_;
    const AugmentConfig& config_;
    const TemporalMap& map_;
    const TargetIndex& index_;
    const BridgeMaker& maker_;
    const Statistics& statistics_;
    const AcceptanceBounds& bounds_;
    const SelectionConfig& selection_;
    Rng rng_;
    std::vector<int64_t> starts_;
    std::map<Pair, int64_t> accepted_pairs_;  // changes between rounds only
    int64_t next_id_ = 0, finished_rows_ = 0, targets_chosen_ = 0, targets_behind_walls_ = 0;
    std::vector<OpenChain> slots_;
    Augmentation result_;
};

double ChainBuilder::distance(int64_t a, int64_t b) const {
    switch (config_.distance) {
        case ChainDistance::closed:
            return map_.graph_distance(a, b);
        case ChainDistance::raw:
            return map_.steps(a, b);
        case ChainDistance::euclid:
            return index_.euclid_steps(a, b);
    }
    return 0;
}

OpenChain ChainBuilder::begin_chain() {
    OpenChain chain;
    chain.id = next_id_++;
    chain.stream = rng_.stream(static_cast<uint64_t>(chain.id));
    Rng rng = chain.next_stream();
    chain.suffix_segment = nth(starts_, rng.below(ssize(starts_)));
    chain.start_row = chain.suffix_row = data().begin(chain.suffix_segment);
    chain.visited = {chain.suffix_segment};
    return chain;
}

bool ChainBuilder::follows_rule(int64_t start, int64_t cut, int64_t target) const {
    const int64_t end = arrival(data().segment(target));
    if (config_.chain == ChainRule::random) return true;
    const double to_end = distance(start, end);
    if (std::isinf(to_end)) return false;  // no path: the inequalities would compare infinities
    if (config_.chain == ChainRule::ext) return to_end >= distance(start, cut) + config_.ext_progress;
    return to_end >= distance(start, cut) + config_.mono_progress &&
           distance(start, cut) + map_.steps(cut, target) + distance(target, end) <=
               config_.detour * to_end + config_.detour_steps;
}

// Draws cuts and the targets that the chain rule allows, in the order of trial.
void ChainBuilder::choose(OpenChain& c) {
    Rng rng = c.next_stream();
    const int64_t end = arrival(c.suffix_segment), context = maker_.context();
    const double travel = static_cast<double>(end - c.suffix_row);
    // The source context includes l - 1 rows of the chain before the cut.
    const int64_t earliest =
        c.suffix_row + std::max<int64_t>(static_cast<int64_t>(std::ceil((1 - config_.cut_share) * travel)),
                                         context - 1 - c.chain.rows());
    c.pairs.clear();
    c.tries = 0;
    c.decided = true, c.any_candidate = false;
    if (earliest > end) return;  // the suffix is too short
    auto visited = [&](int64_t segment) {
        return std::find(c.visited.begin(), c.visited.end(), segment) != c.visited.end();
    };
    const Rng targets = rng.stream("targets");
    for (int64_t k = 0; k < selection_.cuts; ++k) {
        const int64_t cut = earliest + (end > earliest ? rng.below(end - earliest + 1) : 0);
        for (int64_t target :
             index_.candidates(cut, visited, k == 0 ? targets : targets.stream(static_cast<uint64_t>(k)))) {
            c.any_candidate = true;
            if (accepted(pair_of(cut, target)) < selection_.pair_cap && follows_rule(c.start_row, cut, target))
                c.pairs.push_back({cut, target});
        }
    }
    if (selection_.cuts > 1) shuffle_unique(c.pairs, rng.stream("order"));
    // Pairs are in random order; `ext` tries the target whose suffix ends farthest first.
    if (config_.chain == ChainRule::ext)
        sort_by(c.pairs, [&](const Ends& p) { return -distance(c.start_row, arrival(data().segment(p.target))); });
    if (selection_.order == TargetOrder::nearest)
        sort_by(c.pairs, [&](const Ends& p) { return index_.approach(p.cut, p.target).distance; });
    c.pairs.resize(to_size(std::min<int64_t>(config_.targets_per_cut * selection_.probes, ssize(c.pairs))));
}

StitchEnds ChainBuilder::ends_of(const Request& request) const {
    const OpenChain& c = *request.chain;
    const auto [cut, target] = request.pair;
    const int64_t l = maker_.context(), ds = rows().state_dim, da = rows().action_dim;
    StitchEnds ends;
    const int64_t from_suffix = std::min(l, cut - c.suffix_row + 1), from_chain = l - from_suffix;
    auto tail = [&](const std::vector<float>& all, int64_t width, std::vector<float>& out) {
        out.insert(out.end(), all.end() - from_chain * width, all.end());
    };
    tail(c.chain.observations, ds, ends.source_states);
    tail(c.chain.actions, da, ends.source_actions);
    const int64_t first = cut - from_suffix + 1;
    ends.source_states.insert(ends.source_states.end(), rows().observation(first), rows().observation(cut + 1));
    ends.source_actions.insert(ends.source_actions.end(), rows().action(first), rows().action(cut));
    copy_end(rows(), target, l, ends.target_states, ends.target_actions);
    ends.own_actions = actions_from(data(), cut, request.gap + 1);
    ends.steps = map_.calibration.steps(map_.steps(cut, target));
    return ends;
}

// Appends the suffix up to the cut and the bridge; the rest of the target's episode becomes the new suffix.
void ChainBuilder::extend(OpenChain& c, const BridgeAttempt& attempt, int64_t attempt_index) {
    c.chain.append_recorded(rows(), c.suffix_row, attempt.source_row);
    c.chain.append_bridge(attempt, attempt_index, config_.seam);
    c.suffix_row = attempt.target_row;
    c.suffix_segment = data().segment(attempt.target_row);
    c.visited.push_back(c.suffix_segment);
    c.decided = false;
    ++accepted_pairs_[pair_of(attempt.source_row, attempt.target_row)];
}

void ChainBuilder::finish(OpenChain& c) {
    c.open = false;
    if (c.chain.bridges == 0) {
        ++result_.dropped_without_bridge;
        return;
    }
    c.chain.append_recorded(rows(), c.suffix_row,
                            std::min(data().last(c.suffix_segment), arrival(c.suffix_segment) + config_.tail_rows));
    finished_rows_ += c.chain.rows();
    result_.chains.push_back(std::move(c.chain));
}

// Requests one bridge for each open chain that has a target left, or one for each target that is probed, one after
// another; and ends chains without one. A target is skipped if its pair of landmarks could exceed the cap when one
// bridge of each chain is accepted in this round.
std::vector<ChainBuilder::Request> ChainBuilder::next_requests() {
    std::vector<Request> requests;
    std::map<Pair, int64_t> asked;  // number of chains
    for (OpenChain& c : slots_) {
        if (!c.open) continue;
        const bool first = c.tries == 0;
        std::set<Pair> own;
        int64_t requested = 0;
        for (; requested < selection_.probes && c.tries < ssize(c.pairs); ++c.tries) {
            const Ends& ends = nth(c.pairs, c.tries);
            const Pair pair = pair_of(ends.cut, ends.target);
            if (own.count(pair) == 0 && accepted(pair) + asked[pair] >= selection_.pair_cap) continue;
            if (own.insert(pair).second) ++asked[pair];
            ++requested;
            requests.push_back({&c, ends, index_.gap_of(ends.cut, ends.target), 0, {}});
        }
        const bool none = requested == 0;
        result_.queries += first;
        result_.queries_without_candidate += first && !c.any_candidate;
        result_.queries_without_target += first && none;
        if (none) {
            ++(first ? result_.ended_without_target : result_.ended_by_rejections);
            finish(c);
        }
    }
    return requests;
}

// Bridges of equal length are sampled together.
void ChainBuilder::for_each_length(std::vector<Request>& requests, const Group& f) const {
    std::set<int64_t> lengths;
    for (const Request& r : requests) lengths.insert(r.gap);
    for (int64_t length : lengths) {
        std::vector<Request*> members;
        std::vector<StitchEnds> ends;
        std::vector<Rng> streams;
        for (Request& r : requests) {
            if (r.gap != length) continue;
            members.push_back(&r);
            ends.push_back(ends_of(r));
            streams.push_back(r.chain->next_stream());
        }
        f(members, length, ends, streams);
    }
}

// Of the requests of each chain, the one whose probe arrives best.
std::vector<ChainBuilder::Request> ChainBuilder::keep_best_probes(std::vector<Request> requests) {
    if (selection_.probes == 1) return requests;
    for_each_length(requests, [&](const std::vector<Request*>& members, int64_t gap,
                                  const std::vector<StitchEnds>& ends, const std::vector<Rng>& streams) {
        const std::vector<double> found = maker_.probe(ends, gap, streams);
        for (size_t m = 0; m < members.size(); ++m)
            members[m]->probe_error = std::isnan(found[m]) ? HUGE_VAL : found[m];
    });
    std::vector<Request> kept;
    for (const Request& r : requests)
        if (kept.empty() || kept.back().chain != r.chain)
            kept.push_back(r);
        else if (r.probe_error < kept.back().probe_error)
            kept.back() = r;
    return kept;
}

void ChainBuilder::sample(std::vector<Request>& requests) {
    for_each_length(requests, [&](const std::vector<Request*>& members, int64_t gap,
                                  const std::vector<StitchEnds>& ends, const std::vector<Rng>& streams) {
        auto sampled = maker_.sample(ends, gap, config_.bridge_candidates, streams);
        for (size_t m = 0; m < members.size(); ++m) members[m]->best = std::move(sampled[m][0]);
    });
}

// Judges bridges in chain order; an accepted bridge extends its chain. Returns the number accepted.
int64_t ChainBuilder::judge_all(std::vector<Request>& requests) {
    int64_t accepted = 0;
    for (Request& r : requests) {
        OpenChain& c = *r.chain;
        const auto [cut, target] = r.pair;
        ++targets_chosen_;
        targets_behind_walls_ += map_.graph_distance(cut, target) > 2 * map_.steps(cut, target) + 6;
        BridgeAttempt attempt;
        attempt.chain = c.id, attempt.source_row = cut, attempt.target_row = target;
        attempt.steps = map_.calibration.steps(map_.steps(cut, target));
        attempt.source_state.assign(rows().observation(cut), rows().observation(cut) + rows().state_dim);
        attempt.target_state.assign(rows().observation(target), rows().observation(target) + rows().state_dim);
        attempt.bridge = std::move(r.best);
        attempt.arrival_bound =
            bounds_.arrival_bound.of(attempt.bridge, ssize(attempt.bridge.states) / rows().state_dim);
        attempt.verdict = judge(attempt.bridge, attempt.arrival_bound, attempt.source_state, statistics_, bounds_);
        result_.attempts.push_back(attempt);
        if (attempt.verdict != Verdict::accepted) continue;
        ++accepted;
        extend(c, attempt, ssize(result_.attempts) - 1);
        if (c.chain.bridges >= config_.depth) {
            ++result_.ended_by_depth;
            finish(c);
        }
    }
    return accepted;
}

Augmentation ChainBuilder::build(int64_t wanted, const ChainProgress& progress) {
    slots_.resize(to_size(config_.chains));
    for (OpenChain& slot : slots_) slot.open = false;
    for (int64_t idle = 0;;) {
        int64_t held = finished_rows_;
        for (const OpenChain& slot : slots_)
            if (slot.open) held += slot.chain.rows();
        if (progress.round) progress.round(std::min(held, wanted), wanted, result_);
        if (idle >= config_.idle_rounds) {
            result_.stopped_because = text("no bridge was accepted in ", idle, " rounds");
            for (OpenChain& slot : slots_)
                if (slot.open) finish(slot);
            break;
        }
        bool any = false;
        for (OpenChain& slot : slots_) {
            if (!slot.open && held < wanted) slot = begin_chain();
            any = any || slot.open;
        }
        if (!any) break;
        ++result_.rounds;
        context_.threads.run(ssize(slots_), [&](int64_t i) {  // each chain independently
            OpenChain& c = nth(slots_, i);
            if (c.open && !c.decided) choose(c);
        });
        std::vector<Request> requests = keep_best_probes(next_requests());
        sample(requests);
        idle = judge_all(requests) > 0 ? 0 : idle + 1;
        if (targets_chosen_ > 0)
            result_.wall_share = static_cast<double>(targets_behind_walls_) / static_cast<double>(targets_chosen_);
    }
    return std::move(result_);
}

}  // namespace

Augmentation build_chains(const Context& context, const AugmentConfig& config, const TemporalMap& map,
                          const TargetIndex& index, const BridgeMaker& maker, const Statistics& statistics,
                          const AcceptanceBounds& bounds, const SelectionConfig& selection, uint64_t seed, int64_t rows,
                          const ChainProgress& progress) {
    return ChainBuilder(context, config, map, index, maker, statistics, bounds, selection, seed).build(rows, progress);
}

}  // namespace astro::method
