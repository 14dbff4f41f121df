// astro data verify: judges the transitions of a file, by the exact simulator or by the models of a run.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "apps/command_line/options.h"
#include "apps/commands/read_options.h"
#include "apps/measure/judges.h"
#include "apps/measure/measure.h"
#include "apps/run/stage_runner.h"
#include "data/dataset_load.h"
#include "data/dataset_name.h"
#include "data/file.h"
#include "data/replay.h"
#include "tensor/base/rows.h"

namespace astro::app {

namespace {

struct VerifyOptions {
    std::string env, run;
    template <class V>
    void visit(V& v) {
        v("env", env, "name of an environment, or exec:COMMAND; empty: derived from the file name", Source::ours,
          anything());
        v("run", run,
          "run folder whose one-step models judge the file, for systems without a simulator; it is only read",
          Source::ours, anything());
    }
};

// Share of violating bridges, at kHeadline, that a file may have (by models: in addition to that of real rows).
constexpr double kBridgeShare = 0.02;

data::Dataset load(const std::string& path, ThreadPool& pool, double unpack_ratio,
                   data::Parts parts = data::Parts::all) {
    data::Dataset dataset = data::load_dataset(path, &pool, parts, unpack_ratio);
    for (const std::string& note : dataset.notes) std::fprintf(stderr, "%s: %s\n", path.c_str(), note.c_str());
    return dataset;
}

// The first row that changes a column of states or actions which is constant in the data of the run; -1: none.
int64_t first_changed_row(const data::Units& units, const data::Dataset& d) {
    const auto changed = [](const data::ColumnUnits& columns, int64_t column, double value) {
        const double constant = nth(columns.centre, column);
        return std::fabs(value - constant) > data::kConstantRounding * std::fabs(constant);
    };
    for (int64_t t = 0; t < d.rows; ++t) {
        for (int64_t column : units.states.constant())
            if (changed(units.states, column, d.state(t, column))) return t;
        for (int64_t column : units.actions.constant())
            if (!nth(d.terminals, t) && changed(units.actions, column, d.action_value(t, column))) return t;
    }
    return -1;
}

int judge_by_run(const std::string& path, const std::string& run, ThreadPool& pool, double unpack_ratio, bool json) {
    const std::string file = run + "/" + kJudgesFile;
    if (!data::file_exists(file))
        fail(ErrorKind::usage, file,
             " does not exist; hint: astro run, train dynamics and augment write it into --run");
    const auto backend = make_cpu_backend();
    const Judges judges = load_judges(*backend, file);
    const data::RecordedData rows = data::convert(judges.units, load(path, pool, unpack_ratio), path);
    const bool marked = !rows.recorded.is_synthetic.empty();
    if (marked) data::check_bridges(rows.recorded, path);
    const std::vector<std::vector<int64_t>> groups =
        marked ? rows_by_bridge(rows.recorded) : rows_by_window(rows.data, 1);
    std::vector<int64_t> generated;
    if (marked)
        generated = generated_rows(groups);
    else
        for (int64_t t = 0; t < rows.data.rows; ++t) generated.push_back(t);
    int64_t transitions = 0;
    for (const std::vector<int64_t>& group : groups) transitions += ssize(group);
    if (transitions == 0) fail(ErrorKind::data, path, ": it has no synthetic transition to judge");

    data::Json figures = data::Json::object();
    figures["judged_by"] = "the one-step models of " + run;
    figures["rows"] = rows.data.rows;
    figures["synthetic_transitions"] = transitions;
    if (marked) figures["bridges"] = ssize(groups);
    put_judgement(figures, {*backend, pool, 1}, judges, rows.data, groups, MetricsConfig{}.tolerances, marked);
    put_coverage(figures, pool, judges, rows.data, generated);
    const int64_t changed = first_changed_row(judges.units, rows.recorded);
    const std::string key = marked ? "dvr_bridge_ensemble" : "dvr_transition_ensemble";
    const data::Json* window = figures.find(at_tolerance("dvr_real_window_ensemble", kHeadline));
    const double found = figures.at(at_tolerance(key, kHeadline)).as_real(),
                 step = figures.at(at_tolerance("dvr_real_ensemble", kHeadline)).as_real();
    // For bridges: the share with any violation. If there is no held-out window of their length, it is estimated from
    // single transitions, as if they were independent.
    const double length = static_cast<double>(transitions) / static_cast<double>(groups.size()),
                 real = !marked  ? step
                        : window ? window->as_real()
                                 : 1 - std::pow(1 - step, length);
    // Two standard errors are added, because the share of a small number of bridges is uncertain.
    const double share = std::min(1.0, real + kBridgeShare),
                 bound = share + 2 * std::sqrt(share * (1 - share) / static_cast<double>(groups.size()));
    const bool plausible = found <= bound && changed < 0;
    figures["plausible"] = plausible;
    print_new(figures, {}, json);
    if (!plausible)
        std::fprintf(
            stderr, "astro: %s is not plausible according to the models of %s: %s\n", path.c_str(), run.c_str(),
            changed >= 0 ? text("row ", changed, " changes a column that is constant in the data of the run").c_str()
                         : text(100 * found, " % of its ", marked ? "bridges" : "transitions", " are off by more than ",
                                kHeadline, " sigma_delta (bound ", 100 * bound, " %; real rows ", 100 * real, " %)")
                               .c_str());
    return plausible ? 0 : 3;
}

// With the environment's simulator.
int judge_by_simulator(const std::string& path, const data::Environment& exact, ThreadPool& pool, double unpack_ratio,
                       bool print_json) {
    const std::string& environment = exact.spec().name;
    const data::Dataset dataset = load(path, pool, unpack_ratio, data::parts_for(&exact, data::Parts::all));
    const std::vector<double> tolerances = MetricsConfig{}.tolerances;
    const data::Replay r = data::replay(exact, dataset, tolerances, pool, path);

    // In sigma_delta. States are stored as float32, so a correct file may have the error of this rounding; beyond
    // kLargestBound it could hide violations.
    constexpr double kRealBound = 1e-4, kLargestBound = 1e-2;
    const double bound = std::min(kLargestBound, std::max(kRealBound, 2 * r.rounding));
    data::Json json = data::Json::object();
    json["environment"] = environment;
    json["rows"] = dataset.rows;
    json["real_transitions"] = r.real.rates.transitions;
    json["real_worst_error"] = r.real.worst;
    json["real_worst_row"] = r.real.worst_row;
    json["real_worst_error_sigma"] = r.real.worst_scaled;
    put_rates(json, "dvr_real", "", r.real.rates);
    json["rows_outside"] = r.outside;
    std::string faults;
    auto fault = [&](const std::string& words) { faults += (faults.empty() ? "" : "; ") + words; };
    if (!(r.real.worst_scaled <= bound))
        fault(text("worst real row ", r.real.worst_row, " is off by ", r.real.worst, ", ", r.real.worst_scaled,
                   " in sigma_delta (bound ", bound, ")"));
    if (r.outside > 0)
        fault(text(r.outside, " states are in walls or out of bounds, the first at row ", r.first_outside));
    if (!dataset.is_synthetic.empty()) {
        json["synthetic_transitions"] = r.synthetic.rates.transitions;
        json["bridges"] = r.synthetic.rates.bridges;
        put_rates(json, "dvr_transition", "dvr_bridge", r.synthetic.rates);
        for (size_t k = 0; k < tolerances.size(); ++k)
            if (const double share = r.synthetic.rates.bridge[k];
                tolerances[k] == kHeadline && !(share <= kBridgeShare))
                fault(text(100 * share, " % of the bridges violate at ", kHeadline, " sigma_delta (bound ",
                           100 * kBridgeShare, " %)"));
    }
    json["obeys"] = faults.empty();
    print_new(json, {}, print_json);
    if (!faults.empty())
        std::fprintf(stderr, "astro: %s does not obey %s: %s\n", path.c_str(), environment.c_str(), faults.c_str());
    return faults.empty() ? 0 : 3;
}

}  // namespace

int run_data_verify(CommandLine& line) {
    VerifyOptions options;
    EnvironmentConfig processes;
    ReadOptions read;
    ThreadOptions threads;
    OutputOptions output;
    line.add(options);
    line.add(processes, "env");
    line.add(read);
    line.add(threads);
    line.add(output);
    if (!line.parse()) return 0;
    const std::string path = line.operands()[0];
    if (!options.run.empty()) {
        ThreadPool pool(threads.count());
        if (line.given("env"))
            fail(ErrorKind::usage,
                 "--env and --run cannot be combined: either a simulator judges the file, or the models of a run do");
        return judge_by_run(path, options.run, pool, read.unpack_ratio, output.json);
    }
    std::string environment = options.env;
    if (environment.empty()) environment = data::resolve_dataset(path, "").environment;
    const std::unique_ptr<data::AddedEnvironment> simulator = open_simulator(environment, processes);
    const data::Environment& exact = data::require_environment(
        environment, environment.empty()
                         ? "the environment cannot be derived from the file name; set --env, or set --run to a "
                           "run whose models judge the file"
                         : "no built-in environment '" + environment + "'");
    ThreadPool pool(threads.count());  // after the processes of a simulator
    return judge_by_simulator(path, exact, pool, read.unpack_ratio, output.json);
}

}  // namespace astro::app
