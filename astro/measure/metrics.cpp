#include "astro/measure/metrics.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "astro/seam.h"
#include "data/replay.h"
#include "tensor/base/moments.h"
#include "tensor/base/percentile.h"
#include "tensor/base/rows.h"
#include "tensor/base/scaled_rms.h"

namespace astro::method {

namespace {

// Ranks from 0; ties get their mean rank.
std::vector<double> ranks(const std::vector<double>& values) {
    std::vector<std::pair<double, size_t>> order(values.size());
    for (size_t i = 0; i < values.size(); ++i) order[i] = {values[i], i};
    std::sort(order.begin(), order.end());
    std::vector<double> rank(values.size());
    for (size_t i = 0; i < order.size();) {
        size_t j = i;
        while (j < order.size() && order[j].first == order[i].first) ++j;
        for (size_t k = i; k < j; ++k)
            rank[order[k].second] = (static_cast<double>(i) + static_cast<double>(j) - 1) / 2;
        i = j;
    }
    return rank;
}

double correlation_of_ranks(const std::vector<double>& ra, const std::vector<double>& rb) {
    if (ra.size() < 2) return 0;
    const double mean = (static_cast<double>(ra.size()) - 1) / 2;
    double ab = 0, aa = 0, bb = 0;
    for (size_t i = 0; i < ra.size(); ++i) {
        ab += (ra[i] - mean) * (rb[i] - mean);
        aa += (ra[i] - mean) * (ra[i] - mean);
        bb += (rb[i] - mean) * (rb[i] - mean);
    }
    return aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : 0;
}

// Probability that a value of `high` exceeds one of `low`; ties count one half.
double area_under_curve(const std::vector<double>& high, const std::vector<double>& low) {
    if (high.empty() || low.empty()) return 0;
    std::vector<double> all = low;
    all.insert(all.end(), high.begin(), high.end());
    const std::vector<double> rank = ranks(all);
    double sum = 0;
    for (size_t i = low.size(); i < all.size(); ++i) sum += rank[i] + 1;
    const double n = static_cast<double>(high.size()), m = static_cast<double>(low.size());
    return (sum - n * (n + 1) / 2) / (n * m);
}

double euclid(const float* a, const float* b, const std::vector<int64_t>& columns) {
    double square = 0;
    for (int64_t i : columns) square += (double(a[i]) - double(b[i])) * (double(a[i]) - double(b[i]));
    return std::sqrt(square);
}

// The transitions of an attempt as stored: calls f(state, action, next state).
template <class F>
void for_each_transition(const BridgeAttempt& attempt, Seam seam, F f) {
    const size_t ds = attempt.source_state.size();
    const size_t steps = attempt.bridge.states.size() / ds, da = attempt.bridge.actions.size() / steps;
    std::vector<float> state = attempt.source_state, next(ds);
    for (size_t j = 0; j < steps; ++j) {
        stored_state(attempt.bridge, attempt.target_state.data(), seam, j, ds, next.data());
        if (j + 1 == steps && seam != Seam::open) next = attempt.target_state;
        f(state.data(), attempt.bridge.actions.data() + j * da, next.data());
        state = next;
    }
}

}  // namespace

ExactStep in_units(const ExactStep& step, const data::Units& units) {
    return [step, units](const std::vector<double>& states, const std::vector<double>& actions) {
        return units.states.rows_inward<double>(
            step(units.states.rows_outward<double>(states), units.actions.rows_outward<double>(actions)));
    };
}

double spearman(const std::vector<double>& a, const std::vector<double>& b) {
    ASTRO_CHECK(a.size() == b.size(), "spearman: ", a.size(), " and ", b.size(), " values");
    return correlation_of_ranks(ranks(a), ranks(b));
}

DistanceMetrics measure_distances(const Context& context, const TemporalMap& map, const data::Dataset& recorded,
                                  const data::Geodesics& geodesics, const data::EnvironmentSpec& spec, int64_t rows,
                                  uint64_t seed) {
    Rng rng = Rng(seed).stream("metrics/distances");
    std::vector<int64_t> row(to_size(rows));
    std::vector<const float*> state;
    for (int64_t& r : row) {
        r = rng.below(recorded.rows);
        state.push_back(recorded.observation(r));
    }
    struct Pair {
        double raw, closed, euclid, geodesic;
    };
    std::vector<std::vector<Pair>> found(row.size());
    context.threads.run(rows, [&](int64_t source) {
        const auto s = to_size(source);
        const std::vector<double> geodesic = geodesics(state[s], state);
        for (size_t t = 0; t < row.size(); ++t)
            if (t != s && geodesic[t] >= 0)
                found[s].push_back({map.steps(row[s], row[t]), map.graph_distance(row[s], row[t]),
                                    euclid(state[s], state[t], spec.position), geodesic[t]});
    });
    std::vector<double> raw, closed, straight, geodesic;
    std::vector<double> wall_raw, wall_closed, wall_euclid;
    std::vector<Pair> open;
    for (const auto& part : found)
        for (const Pair& p : part) {
            raw.push_back(p.raw), closed.push_back(p.closed), straight.push_back(p.euclid),
                geodesic.push_back(p.geodesic);
            if (p.euclid >= spec.tolerance && p.euclid < 9 * spec.tolerance && p.geodesic > 2 * p.euclid) {
                wall_raw.push_back(p.raw), wall_closed.push_back(p.closed), wall_euclid.push_back(p.euclid);
            } else if (p.euclid >= spec.tolerance && p.geodesic < 1.15 * p.euclid) {
                open.push_back(p);
            }
        }
    DistanceMetrics m;
    m.pairs = ssize(raw);
    const std::vector<double>* values[] = {&raw, &closed, &straight, &geodesic};
    std::vector<double> rank[4];
    context.threads.run(4, [&](int64_t i) { rank[i] = ranks(*values[i]); });
    m.spearman_raw = correlation_of_ranks(rank[0], rank[3]);
    m.spearman_closed = correlation_of_ranks(rank[1], rank[3]);
    m.spearman_euclid = correlation_of_ranks(rank[2], rank[3]);
    // Open pairs matched to wall pairs of similar Euclidean distance, at most one for each, in order of distance.
    std::sort(open.begin(), open.end(), [](const Pair& a, const Pair& b) { return a.euclid < b.euclid; });
    std::sort(wall_euclid.begin(), wall_euclid.end());
    std::vector<double> open_raw, open_closed;
    size_t at = 0;
    for (double e : wall_euclid) {
        while (at < open.size() && open[at].euclid < e - spec.tolerance / 4) ++at;
        if (at >= open.size() || open[at].euclid > e + spec.tolerance / 4) continue;
        open_raw.push_back(open[at].raw), open_closed.push_back(open[at].closed);
        ++at;
    }
    m.wall_pairs = ssize(wall_raw);
    m.wall_auc_raw = area_under_curve(wall_raw, open_raw);
    m.wall_auc_closed = area_under_curve(wall_closed, open_closed);
    return m;
}

double calibration_error(const TemporalMap& map) {
    const Trajectories& data = *map.data;
    const int64_t offsets = static_cast<int64_t>(map.calibration.medians().size());
    double sum = 0;
    int64_t count = 0;
    for (int64_t k = 0; k < data.count(); k += 7)  // every seventh segment suffices
        for (int64_t offset = 4; offset <= offsets; offset += 4)
            for (int64_t t = data.begin(k); t + offset <= nth(map.arrival, k); t += 3) {
                sum += std::fabs(map.calibration.steps(map.steps(t, t + offset)) - static_cast<double>(offset)) /
                       static_cast<double>(offset);
                ++count;
            }
    return count ? sum / static_cast<double>(count) : 0;
}

CalibrationCurve calibration_curve(const TemporalMap& map) {
    constexpr int64_t kOffsets = 20, kPairs = 20000;
    const Trajectories& data = *map.data;
    const int64_t offsets = ssize(map.calibration.medians());
    const int64_t every = (offsets + kOffsets - 1) / kOffsets;
    CalibrationCurve curve;
    for (int64_t n = every; n <= offsets; n += every) {
        std::vector<double> predicted;
        for (int64_t t : spread_evenly(window_starts(data, map.arrival, n, n), kPairs))
            predicted.push_back(map.steps(t, t + n));
        if (predicted.empty()) break;
        auto calibrated = [&](double percent) { return map.calibration.steps(percentile(predicted, percent)); };
        curve.steps.push_back(n);
        curve.predicted.push_back(percentile(predicted, 50));
        curve.lower.push_back(calibrated(25)), curve.median.push_back(calibrated(50));
        curve.higher.push_back(calibrated(75));
    }
    return curve;
}

ViolationRates count_violations(const TransitionErrors& errors, const std::vector<double>& tolerances) {
    data::ViolationCounter counter(tolerances);
    for (const std::vector<double>& bridge : errors) {
        for (double e : bridge) counter.transition(e);
        counter.end_bridge();
    }
    return counter.rates();
}

TransitionErrors transition_errors(const std::vector<BridgeAttempt>& attempts, Seam seam, const Statistics& statistics,
                                   const ExactStep& step) {
    const size_t ds = statistics.sigma_delta.size();
    std::vector<double> states, actions;
    std::vector<float> nexts;
    std::vector<size_t> end;  // for each bridge, the end of its transitions
    for (const BridgeAttempt& attempt : attempts) {
        for_each_transition(attempt, seam, [&](const float* s, const float*, const float* next) {
            states.insert(states.end(), s, s + ds);
            nexts.insert(nexts.end(), next, next + ds);
        });
        actions.insert(actions.end(), attempt.bridge.actions.begin(), attempt.bridge.actions.end());
        end.push_back(states.size() / ds);
    }
    const std::vector<double> truth = step(states, actions);
    TransitionErrors errors(attempts.size());
    size_t at = 0;
    for (size_t b = 0; b < end.size(); ++b)
        for (; at < end[b]; ++at)
            errors[b].push_back(scaled_rms(truth.data() + at * ds, nexts.data() + at * ds, statistics.sigma_delta));
    return errors;
}

TransitionErrors model_transition_errors(const Context& context, const std::vector<BridgeAttempt>& attempts,
                                         const Statistics& statistics, const Dynamics& judge_model) {
    const int64_t n = ssize(attempts);
    const auto ds = ssize(statistics.sigma_delta);
    constexpr int64_t kPiece = 64;
    TransitionErrors errors(attempts.size());
    context.threads.run((n + kPiece - 1) / kPiece, [&](int64_t p) {
        std::vector<float> states, actions, nexts;
        for (int64_t i = p * kPiece; i < std::min(n, (p + 1) * kPiece); ++i)
            for_each_transition(nth(attempts, i), Seam::snap, [&](const float* s, const float* a, const float* next) {
                const size_t da =
                    nth(attempts, i).bridge.actions.size() / (nth(attempts, i).bridge.states.size() / to_size(ds));
                states.insert(states.end(), s, s + ds);
                actions.insert(actions.end(), a, a + da);
                nexts.insert(nexts.end(), next, next + ds);
            });
        const int64_t rows = ssize(states) / ds;
        if (rows == 0) return;
        const int64_t da = ssize(actions) / rows;
        const Tensor s0 = Tensor::from(context.backend, Shape{rows, ds}, states);
        const std::vector<float> moved =
            judge_model.rollout(s0, Tensor::from(context.backend, Shape{rows, 1, da}, actions), 1).to_vector<float>();
        std::vector<double> truth(to_size(ds));
        int64_t row = 0;
        for (int64_t i = p * kPiece; i < std::min(n, (p + 1) * kPiece); ++i) {
            const int64_t steps = static_cast<int64_t>(nth(attempts, i).bridge.states.size()) / ds;
            for (int64_t j = 0; j < steps; ++j, ++row) {
                for (int64_t x = 0; x < ds; ++x)
                    nth(truth, x) = double(nth(states, row * ds + x)) + double(nth(moved, row * ds + x));
                nth(errors, i).push_back(scaled_rms(truth.data(), nexts.data() + row * ds, statistics.sigma_delta));
            }
        }
    });
    return errors;
}

TransitionErrors of_accepted(const std::vector<BridgeAttempt>& attempts, TransitionErrors errors) {
    TransitionErrors accepted;
    for (size_t i = 0; i < attempts.size(); ++i)
        if (attempts[i].verdict == Verdict::accepted) accepted.push_back(std::move(errors[i]));
    return accepted;
}

ViolationRates real_violation_rates(const Trajectories& data, const data::Dataset& recorded, const data::Units& units,
                                    const Statistics& statistics, const std::vector<double>& tolerances,
                                    const data::Environment& environment) {
    const data::Dataset& d = *data.dataset;
    data::ViolationCounter counter(tolerances);
    const int64_t most = environment.spec().replay_rows, stride = most > 0 ? (d.rows + most - 1) / most : 1;
    constexpr int64_t kPiece = 65536;  // rows copied per call
    for (int64_t first = 0; first + 1 < d.rows; first += kPiece * stride) {
        std::vector<int64_t> rows;
        for (int64_t t = first; t + 1 < d.rows && ssize(rows) < kPiece; t += stride) rows.push_back(t);
        const std::vector<double> truth = units.states.rows_inward<double>(
            data::replay_rows(environment, recorded, rows, data::actions_of(recorded, rows)));
        for (int64_t k = 0; k < ssize(rows); ++k)
            if (const int64_t t = nth(rows, k); data.segment(t) == data.segment(t + 1))
                counter.transition(
                    scaled_rms(truth.data() + k * d.state_dim, d.observation(t + 1), statistics.sigma_delta));
    }
    return counter.rates();
}

std::vector<double> true_arrival_errors(const std::vector<BridgeAttempt>& attempts, const Statistics& statistics,
                                        const ExactStep& step) {
    const size_t ds = statistics.sigma_delta.size();
    // All bridges in parallel: each call executes one step of each bridge that has steps left.
    struct UnderWay {
        const BridgeAttempt* attempt;
        size_t place;  // in the result
    };
    std::vector<UnderWay> under_way;
    for (const BridgeAttempt& attempt : attempts)
        if (attempt.verdict == Verdict::accepted) under_way.push_back({&attempt, under_way.size()});
    std::vector<double> states, actions, errors(under_way.size());
    for (const UnderWay& one : under_way)
        states.insert(states.end(), one.attempt->source_state.begin(), one.attempt->source_state.end());
    for (size_t j = 0; !under_way.empty(); ++j) {
        actions.clear();
        for (const UnderWay& one : under_way) {
            const Bridge& bridge = one.attempt->bridge;
            const size_t da = bridge.actions.size() / (bridge.states.size() / ds);
            const float* action = bridge.actions.data() + j * da;
            actions.insert(actions.end(), action, action + da);
        }
        const std::vector<double> next = step(states, actions);
        size_t still = 0;
        for (size_t b = 0; b < under_way.size(); ++b) {
            const UnderWay one = under_way[b];
            if ((j + 1) * ds == one.attempt->bridge.states.size()) {
                errors[one.place] =
                    scaled_rms(next.data() + b * ds, one.attempt->target_state.data(), statistics.sigma_delta);
                continue;
            }
            for (size_t i = 0; i < ds; ++i) states[still * ds + i] = next[b * ds + i];
            under_way[still++] = one;  // still <= b
        }
        under_way.resize(still), states.resize(still * ds);
    }
    return errors;
}

double plan_std_ratio(const std::vector<BridgeAttempt>& attempts, const data::Dataset& real) {
    const auto dims = to_size(real.action_dim);
    std::vector<Moments> planned(dims), recorded(dims);  // by component of the action
    for (const BridgeAttempt& attempt : attempts)
        for (size_t a = 0; a < attempt.bridge.actions.size(); ++a)
            planned[a % dims].add(double(attempt.bridge.actions[a]));
    for (size_t a = 0; a < real.actions.size(); ++a) recorded[a % dims].add(double(real.actions[a]));
    auto variance = [](const std::vector<Moments>& components) {  // summed over the components
        return std::accumulate(components.begin(), components.end(), 0.0,
                               [](double sum, const Moments& one) { return sum + one.variance(); });
    };
    if (variance(recorded) <= 0) return 0;
    return std::sqrt(variance(planned) / variance(recorded));
}

double novelty(const data::Dataset& real, const data::Dataset& spliced, const Statistics& statistics,
               std::vector<int64_t> plane) {
    if (plane.empty()) plane = real.state_dim > 1 ? std::vector<int64_t>{0, 1} : std::vector<int64_t>{0};
    // A cell: the columns of the plane in steps of 4 sigma_delta (about half a unit in mazes), and the direction of the
    // next step, one of eight.
    auto cells = [&](const data::Dataset& d) {
        std::set<int64_t> seen;
        for (int64_t t = 0; t + 1 < d.rows; ++t) {
            if (nth(d.terminals, t)) continue;
            int64_t code = 0;
            double step[2] = {};
            for (size_t a = 0; a < plane.size(); ++a) {
                const int64_t i = plane[a];
                const double size = 4 * nth(statistics.sigma_delta, i);
                code = code * 100003 + static_cast<int64_t>(std::floor(double(d.observation(t)[i]) / size)) + 50000;
                step[a] = double(d.observation(t + 1)[i]) - double(d.observation(t)[i]);
            }
            const double turn = std::atan2(step[1], step[0]) / 6.283185307179586 * 8 + 8.5;
            seen.insert(code * 8 + static_cast<int64_t>(turn) % 8);
        }
        return seen;
    };
    const std::set<int64_t> known = cells(real), made = cells(spliced);
    int64_t new_cells = 0;
    for (int64_t cell : made) new_cells += known.count(cell) == 0;
    return made.empty() ? 0 : static_cast<double>(new_cells) / static_cast<double>(made.size());
}

}  // namespace astro::method
