// astro data collect | inspect | verify.
#include <cmath>
#include <cstdio>

#include "apps/command_line/options.h"
#include "apps/run/measure.h"
#include "apps/run/progress.h"
#include "apps/run/stage_runner.h"
#include "data/dataset_load.h"
#include "data/replay.h"
#include "data/validate.h"
#include "tensor/base/printable.h"

namespace astro::app {

namespace {

struct CollectOutput {
    std::string out;
    template <class V>
    void visit(V& v) {
        v("out", out, "file to write, F.npz; the validation set is written to F-val.npz", Source::ours, anything());
    }
};

struct ReadOptions {
    double unpack_ratio = data::kUnpackRatio;
    template <class V>
    void visit(V& v) {
        v("unpack_ratio", unpack_ratio, data::kUnpackMeaning, Source::ours, at_least(1));
    }
};

struct VerifyOptions {
    std::string env;
    template <class V>
    void visit(V& v) {
        v("env", env, "environment, such as pointmaze-medium-v0, or exec:COMMAND; empty: derived from the file name",
          Source::ours, anything());
    }
};

const char* severity_name(data::Severity severity) {
    return severity == data::Severity::error ? "error" : severity == data::Severity::warning ? "warning" : "info";
}

}  // namespace

CollectedFiles collect_files(const CollectConfig& config, const std::string& out, ThreadPool& threads) {
    const data::Environment& environment =
        data::require_environment(config.env, "unknown environment '" + config.env + "'");
    if (!environment.generate) fail(ErrorKind::usage, config.env, " has no generator of data; hint: --data FILE");
    require_npz(out);
    data::CollectSpec spec{config.type, config.episodes, config.episode_rows, config.noise,
                           static_cast<uint64_t>(config.seed)};
    CollectedFiles files{out, out.substr(0, out.size() - 4) + "-val.npz", 0, 0};
    const data::Dataset train = environment.generate(spec, "train", threads);
    data::save_dataset(files.train, train, &threads);
    files.rows = train.rows;
    spec.episodes = std::max<int64_t>(1, spec.episodes / 10);
    const data::Dataset validation = environment.generate(spec, "val", threads);
    data::save_dataset(files.validation, validation, &threads);
    files.validation_rows = validation.rows;
    return files;
}

int run_data_collect(CommandLine& line) {
    CollectConfig config;
    CollectOutput output;
    ThreadOptions threads;
    OutputOptions print;
    line.add(config);
    line.add(output);
    line.add(threads);
    line.add(print);
    if (!line.parse()) return 0;
    line.require("out");
    if (config.env == "auto") config.env = kCollectedByDefault;
    ThreadPool pool(threads.count());
    const CollectedFiles files = collect_files(config, output.out, pool);
    data::Json json = data::Json::object();
    json["train"] = files.train;
    json["rows"] = files.rows;
    json["validation"] = files.validation;
    json["validation_rows"] = files.validation_rows;
    print_new(json, {}, print.json);
    return 0;
}

int run_data_inspect(CommandLine& line) {
    ReadOptions read;
    ThreadOptions threads;
    OutputOptions output;
    line.add(read);
    line.add(threads);
    line.add(output);
    if (!line.parse()) return 0;
    ThreadPool pool(threads.count());
    const std::vector<data::Finding> findings = data::inspect_file(line.operands()[0], &pool, read.unpack_ratio);
    bool bad = false;
    data::Json list = data::Json::array();
    for (const data::Finding& finding : findings) {
        bad = bad || finding.severity == data::Severity::error;
        if (output.json) {
            data::Json entry = data::Json::object();
            entry["severity"] = severity_name(finding.severity);
            entry["message"] = finding.message;
            list.push(entry);
        } else {
            std::printf("%-8s %s\n", severity_name(finding.severity), printable(finding.message, kLongestLine).c_str());
        }
    }
    if (output.json) std::printf("%s\n", list.dump().c_str());
    return bad ? 3 : 0;
}

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
    std::string environment = options.env;
    if (environment.empty()) environment = data::resolve_dataset(path, "").environment;
    const std::unique_ptr<data::AddedEnvironment> simulator = open_simulator(environment, processes);
    const data::Environment& exact = data::require_environment(
        environment, environment.empty() ? "the file's name does not tell its environment; --env does"
                                         : "no built-in environment '" + environment + "'");
    environment = exact.spec().name;
    ThreadPool pool(threads.count());
    const data::Dataset dataset = data::load_dataset(path, &pool, data::Parts::all, read.unpack_ratio);
    for (const std::string& note : dataset.notes) std::fprintf(stderr, "%s: %s\n", path.c_str(), note.c_str());
    const std::vector<double> tolerances = MetricsConfig{}.tolerances;
    const data::Replay r = data::replay(exact, dataset, tolerances, pool, path);

    // In sigma_delta: files hold float32, whose rounding is larger the faster something moves.
    constexpr double kRealBound = 1e-4, kBridgeShare = 0.02, kHeadline = 0.5;
    data::Json json = data::Json::object();
    json["environment"] = environment;
    json["rows"] = dataset.rows;
    json["real_transitions"] = r.real.transitions;
    json["real_worst_error"] = r.real.worst;
    json["real_worst_row"] = r.real.worst_row;
    json["real_worst_error_sigma"] = r.real.worst_scaled;
    auto share = [](int64_t part, int64_t all) {
        return all ? static_cast<double>(part) / static_cast<double>(all) : 0.0;
    };
    for (size_t k = 0; k < tolerances.size(); ++k)
        json[at_tolerance("dvr_real", tolerances[k])] = share(r.real.violations[k], r.real.transitions);
    json["rows_outside"] = r.outside;
    bool obeys = r.real.worst_scaled <= kRealBound && r.outside == 0;
    if (!dataset.is_synthetic.empty()) {
        json["synthetic_transitions"] = r.synthetic.transitions;
        json["bridges"] = r.bridges;
        put_stored_rates(json, r);
        for (size_t k = 0; k < tolerances.size(); ++k)
            if (tolerances[k] == kHeadline) obeys = obeys && share(r.violating_bridges[k], r.bridges) <= kBridgeShare;
    }
    json["obeys"] = obeys;
    print_new(json, {}, output.json);
    if (!obeys)
        std::fprintf(
            stderr, "astro: %s does not obey %s: worst real row %lld is off by %g, by %g in sigma_delta (bound %g)%s\n",
            path.c_str(), environment.c_str(), static_cast<long long>(r.real.worst_row), r.real.worst,
            r.real.worst_scaled, kRealBound,
            text(r.outside == 0 ? ""
                                : text("; ", r.outside, " states are in walls or out of the maze, the first at row ",
                                       r.first_outside),
                 dataset.is_synthetic.empty() ? "" : text("; bridges that violate at 0.5: bound ", kBridgeShare))
                .c_str());
    return obeys ? 0 : 3;
}

}  // namespace astro::app
