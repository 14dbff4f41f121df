#include "astro/measure/judges.h"

#include <algorithm>
#include <cmath>

#include "astro/network_file.h"
#include "tensor/base/percentile.h"
#include "tensor/base/rows.h"
#include "tensor/base/scaled_rms.h"

namespace astro::method {

namespace {

constexpr int64_t kVersion = 1;

// Whole segments, evenly spaced, with at most `limit` rows in all; the last is cut there.
data::Dataset thinned(const Trajectories& data, int64_t limit) {
    const data::Dataset& d = *data.dataset;
    std::vector<int64_t> segments;
    for (int64_t k = 0; k < data.count(); ++k)
        if (data.last(k) > data.begin(k)) segments.push_back(k);
    const auto count = ssize(segments);
    const int64_t wanted = d.rows <= limit ? count : std::max<int64_t>(1, count * limit / d.rows);
    data::Dataset part;
    part.state_dim = d.state_dim, part.action_dim = d.action_dim;
    for (int64_t k : spread_evenly(segments, wanted)) {
        const int64_t first = data.begin(k), rows = std::min(data.last(k) - first + 1, limit - part.rows);
        if (rows < 2) break;
        part.observations.insert(part.observations.end(), d.observation(first), d.observation(first + rows));
        part.actions.insert(part.actions.end(), d.action(first), d.action(first + rows));
        part.terminals.insert(part.terminals.end(), to_size(rows - 1), 0);
        part.terminals.push_back(1);
        part.rows += rows;
    }
    if (part.rows > 0) data::index_episodes(part);
    return part;
}

}  // namespace

Judges make_judges(Pipeline& pipeline) {
    Judges judges;
    judges.units = pipeline.units();
    judges.sigma_delta = pipeline.statistics().sigma_delta;
    judges.members = pipeline.one_step().members();
    judges.held_out = thinned(pipeline.validation(), Judges::kHeldOutRows);
    const data::Dataset& d = pipeline.train_data();
    for (int64_t row : evenly_spaced(d.rows, Judges::kKnownRows))
        judges.known.insert(judges.known.end(), d.observation(row), d.observation(row + 1));
    return judges;
}

void save_judges(const std::string& path, const Judges& judges) {
    NetworkWriter write{data::NpzWriter(path)};
    const auto ds = ssize(judges.sigma_delta);
    write.number("judges_version", kVersion);
    write.number("members", ssize(judges.members));
    write.number("hidden_layers", judges.members[0].spec.layers);
    write.units("state", judges.units.states);
    write.units("action", judges.units.actions);
    write("sigma_delta", {ds}, judges.sigma_delta);
    for (size_t m = 0; m < judges.members.size(); ++m) write.layers(text("member", m, "/"), judges.members[m]);
    const data::Dataset& d = judges.held_out;
    write("held_out_states", {d.rows, d.state_dim}, d.observations);
    write("held_out_actions", {d.rows, d.action_dim}, d.actions);
    write("held_out_ends", {d.rows}, d.terminals);
    write("known_states", {ssize(judges.known) / ds, ds}, judges.known);
    write.file.close();
}

Judges load_judges(Backend& backend, const std::string& path) {
    const NetworkReader read{backend, data::NpzReader(path)};
    if (!read.file.find("judges_version"))
        fail(ErrorKind::data, path, ": no array 'judges_version': not a file of judges");
    if (const int64_t version = read.number("judges_version"); version != kVersion)
        fail(ErrorKind::data, path, ": version ", version, " of the format, this program reads version ", kVersion);
    Judges judges;
    judges.units.states = read.units("state"), judges.units.actions = read.units("action");
    const int64_t ds = judges.units.states.dim(), da = judges.units.actions.dim();
    judges.sigma_delta = read.operator()<double>("sigma_delta", {ds});
    for (double sigma : judges.sigma_delta)
        if (sigma <= 0) fail(ErrorKind::data, read.file.where("sigma_delta"), " holds ", sigma, ", expected above 0");
    const int64_t members = read.number("members"), layers = read.number("hidden_layers");
    const auto arrays = static_cast<int64_t>(read.file.entries().size());
    if (members < 1 || members > arrays || layers < 0 || layers > arrays)
        fail(ErrorKind::data, path, ": 'members' ", members, " and 'hidden_layers' ", layers, ", but the file has ",
             arrays, " arrays");
    for (int64_t m = 0; m < members; ++m) {
        nn::MlpSpec spec;
        spec.in = ds + da, spec.out = ds, spec.layers = layers;
        nn::Mlp net = read.network(text("member", m, "/"), spec);
        for (nn::Linear& layer : net.layers) layer = {layer.weight.cast(DType::f32), layer.bias.cast(DType::f32)};
        judges.members.push_back(std::move(net));
    }
    data::Dataset& d = judges.held_out;
    d.rows = read.rows("held_out_states", ds), d.state_dim = ds, d.action_dim = da;
    d.observations = read.operator()<float>("held_out_states", {d.rows, ds});
    d.actions = read.operator()<float>("held_out_actions", {d.rows, da});
    d.terminals = read.operator()<uint8_t>("held_out_ends", {d.rows});
    data::index_episodes(d);
    judges.known = read.operator()<float>("known_states", {read.rows("known_states", ds), ds});
    return judges;
}

Judged judge_transitions(const Context& context, const Judges& judges, const data::Dataset& d,
                         const std::vector<int64_t>& rows) {
    const auto n = ssize(rows), ds = d.state_dim;
    const size_t dims = judges.sigma_delta.size();
    const auto members = static_cast<double>(judges.members.size());
    Judged judged{std::vector<double>(rows.size()), std::vector<double>(rows.size())};
    constexpr int64_t kPiece = 1024;
    context.threads.run((n + kPiece - 1) / kPiece, [&](int64_t p) {
        const int64_t first = p * kPiece, last = std::min(n, first + kPiece);
        std::vector<float> states, actions;
        for (int64_t i = first; i < last; ++i) {
            const int64_t t = nth(rows, i);
            states.insert(states.end(), d.observation(t), d.observation(t + 1));
            actions.insert(actions.end(), d.action(t), d.action(t + 1));
        }
        std::vector<std::vector<float>> next;
        for (const nn::Mlp& member : judges.members)
            next.push_back(one_step(context.backend, member, states, actions, judges.sigma_delta));
        for (int64_t i = first; i < last; ++i) {
            const float* stored = d.observation(nth(rows, i) + 1);
            std::vector<double> mean(dims);
            double disagreement = 0;
            for (size_t x = 0; x < dims; ++x) {
                const size_t at = to_size((i - first) * ds) + x;
                for (const std::vector<float>& one : next) mean[x] += double(one[at]) / members;
                for (const std::vector<float>& one : next)
                    disagreement += scaled_square(double(one[at]), mean[x], judges.sigma_delta[x]) / members;
            }
            nth(judged.error, i) = scaled_rms(stored, mean.data(), judges.sigma_delta);
            nth(judged.disagreement, i) = std::sqrt(disagreement / static_cast<double>(dims));
        }
    });
    return judged;
}

std::vector<std::vector<int64_t>> rows_by_bridge(const data::Dataset& d) {
    std::vector<std::vector<int64_t>> bridges;
    bool open = false;  // whether the row before t belongs to the last bridge
    for (int64_t t = 0; t < d.rows; ++t) {
        const auto i = to_size(t);
        if (!d.is_synthetic[i] || d.terminals[i]) {
            open = false;
            continue;
        }
        if (!open || d.bridge[i] != d.bridge[i - 1]) bridges.emplace_back();
        open = true;
        bridges.back().push_back(t);
    }
    return bridges;
}

std::vector<std::vector<int64_t>> rows_by_window(const data::Dataset& d, int64_t length) {
    std::vector<std::vector<int64_t>> windows;
    for (int64_t e = 0; e < d.episodes(); ++e)
        for (int64_t t = nth(d.episode_start, e); t + length <= d.episode_end(e); t += length) {
            windows.emplace_back();
            for (int64_t j = 0; j < length; ++j) windows.back().push_back(t + j);
        }
    return windows;
}

Judgement judge_groups(const Context& context, const Judges& judges, const data::Dataset& data,
                       const std::vector<std::vector<int64_t>>& groups, const std::vector<double>& tolerances) {
    std::vector<int64_t> rows;
    for (const std::vector<int64_t>& group : groups) rows.insert(rows.end(), group.begin(), group.end());
    const Judged judged = judge_transitions(context, judges, data, rows);
    std::vector<std::vector<double>> errors;
    auto at = judged.error.begin();
    for (const std::vector<int64_t>& group : groups) {
        const auto end = at + static_cast<std::ptrdiff_t>(group.size());
        errors.emplace_back(at, end);
        at = end;
    }
    return {count_violations(errors, tolerances), percentile(judged.error, 50), percentile(judged.disagreement, 50)};
}

std::vector<JudgedPlan> stored_plans(const data::RecordedData& stitched,
                                     const std::vector<std::vector<int64_t>>& bridges, const data::Dataset& source) {
    const data::Dataset& d = stitched.data;
    std::vector<JudgedPlan> plans;
    for (const std::vector<int64_t>& rows : bridges) {
        const int64_t cut = rows[0], target = nth(stitched.recorded.target_row, rows.back());
        JudgedPlan plan;
        plan.first.assign(d.observation(cut), d.observation(cut + 1));
        for (int64_t row : rows) plan.actions.insert(plan.actions.end(), d.action(row), d.action(row + 1));
        plan.target.assign(source.observation(target), source.observation(target + 1));
        plans.push_back(std::move(plan));
    }
    return plans;
}

std::vector<JudgedPlan> best_plans(const Judges& judges, const std::vector<StitchEnds>& ends,
                                   const std::vector<std::vector<Bridge>>& bridges) {
    const auto ds = static_cast<std::ptrdiff_t>(judges.sigma_delta.size());
    std::vector<JudgedPlan> plans;
    for (size_t i = 0; i < ends.size(); ++i) {
        const std::vector<float>&source = ends[i].source_states, &target = ends[i].target_states;
        plans.push_back(
            {{source.end() - ds, source.end()}, bridges[i][0].actions, {target.begin(), target.begin() + ds}});
    }
    return plans;
}

std::vector<double> judged_arrival_errors(const Context& context, const Judges& judges,
                                          const std::vector<JudgedPlan>& plans) {
    const size_t ds = judges.sigma_delta.size(), da = to_size(judges.held_out.action_dim);
    const auto count = ssize(plans);
    std::vector<double> errors(plans.size());
    constexpr int64_t kPiece = 256;
    context.threads.run((count + kPiece - 1) / kPiece, [&](int64_t p) {
        std::vector<size_t> under_way;
        std::vector<float> states;
        for (int64_t i = p * kPiece; i < std::min(count, (p + 1) * kPiece); ++i) {
            under_way.push_back(to_size(i));
            states.insert(states.end(), nth(plans, i).first.begin(), nth(plans, i).first.end());
        }
        for (size_t step = 0; !under_way.empty(); ++step) {
            std::vector<float> actions;
            for (size_t plan : under_way) {
                const float* action = plans[plan].actions.data() + step * da;
                actions.insert(actions.end(), action, action + da);
            }
            std::vector<double> mean(states.size());
            for (const nn::Mlp& member : judges.members) {
                const std::vector<float> next = one_step(context.backend, member, states, actions, judges.sigma_delta);
                for (size_t i = 0; i < next.size(); ++i)
                    mean[i] += double(next[i]) / static_cast<double>(judges.members.size());
            }
            std::vector<size_t> still;
            states.clear();
            for (size_t i = 0; i < under_way.size(); ++i) {
                const JudgedPlan& plan = plans[under_way[i]];
                const double* reached = mean.data() + i * ds;
                if ((step + 1) * da < plan.actions.size()) {
                    still.push_back(under_way[i]);
                    for (size_t x = 0; x < ds; ++x) states.push_back(static_cast<float>(reached[x]));
                    continue;
                }
                errors[under_way[i]] = scaled_rms(plan.target.data(), reached, judges.sigma_delta);
            }
            under_way = std::move(still);
        }
    });
    return errors;
}

}  // namespace astro::method
