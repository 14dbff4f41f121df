// astro embed: the temporal distances that a run has learnt, as arrays for other programs.
#include "apps/run/output.h"
#include "apps/run/stage_command.h"
#include "data/npz.h"

namespace astro::app {

namespace {

struct EmbedOptions {
    std::string out, rows;
    template <class V>
    void visit(V& v) {
        v("out", out, "file to write, X.npz", Source::ours, anything());
        v("rows", rows, "file whose rows are embedded; empty: the data set of the run", Source::ours, anything());
    }
};

}  // namespace

int run_embed(CommandLine& line) {
    StageCommand command(Access::read);
    EmbedOptions chosen;
    if (!command.parse(line, chosen)) return 0;
    line.require("out");
    Config& config = command.config;
    require_npz(chosen.out, "landmark_latent");
    // Of the environment only gamma is needed, which the run has recorded.
    StageRunner runner(line, command.options, config,
                       {Access::read, data::Parts::transitions, {}, false, !recorded_gamma(command.options.run)});
    const std::string path = chosen.rows.empty() ? runner.dataset_name().path : chosen.rows;
    Pipeline& pipeline = runner.pipeline();
    runner.require_trained(pipeline.tdr(), pipeline.fingerprint("tdr"));
    const data::RecordedData rows = runner.load_in_units(path, data::Parts::transitions);
    if (!chosen.rows.empty()) data::require_same_units(pipeline.units(), rows.recorded, path);
    const TemporalMap& map = pipeline.map();
    const std::vector<float> latent = pipeline.tdr().embed(rows.data.observations.data(), rows.data.rows);
    std::vector<float> landmark_latent;
    for (int64_t row : map.landmark)
        landmark_latent.insert(landmark_latent.end(), map.at(row), map.at(row) + map.width);
    const int64_t n = map.landmarks();

    data::NpzWriter file(chosen.out);
    auto add = [&](const char* key, std::vector<int64_t> shape, const auto& values) {
        file.add(key, data::NpyArray::from(std::move(shape), values), data::Compression::stored);
    };
    add("latent", {rows.data.rows, map.width}, latent);
    add("nearest_landmark", {rows.data.rows}, [&] {
        const std::vector<int32_t> nearest = nearest_landmarks(runner.context(), map, latent);
        return std::vector<int64_t>(nearest.begin(), nearest.end());
    }());
    add("landmark_row", {n}, map.landmark);
    add("landmark_latent", {n, map.width}, landmark_latent);
    add("graph_distance", {n, n}, map.closed);
    add("calibration_median", {static_cast<int64_t>(map.calibration.medians().size())}, map.calibration.medians());
    add("gamma", {1}, std::vector<double>{map.gamma});
    file.close();
    data::Json figures = data::Json::object();
    figures["file"] = chosen.out;
    figures["rows"] = rows.data.rows;
    figures["latent"] = map.width;
    figures["landmarks"] = n;
    print_new(figures, {}, command.output.json);
    return 0;
}

}  // namespace astro::app
