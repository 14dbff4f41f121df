// astro augment: grows chains with a trained planner and writes augmented.npz.
#include "apps/command_line/sections.h"
#include "apps/run/measure.h"
#include "apps/run/measure_judges.h"

namespace astro::app {

int run_augment(CommandLine& line) {
    StageOptions options;
    OutputOptions output;
    Config config;
    line.add(options);
    line.add(output);
    line.add_config(config, sections_of(line.command_name()));
    if (!line.parse()) return 0;
    line.require("run");
    StageRunner runner(line, options, config, {Access::write, data::Parts::all, {true, true, true}});
    stitch_of(runner).each_model(
        [&](TrainableModel& model, const std::string& fingerprint) { runner.require_trained(model, fingerprint); });
    const std::vector<std::string> before = keys_of(runner.results());
    measure_stitched(runner, runner.load_in_units(augment_and_measure(runner), data::Parts::all));
    print_new(runner.results(), before, output.json);
    return 0;
}

}  // namespace astro::app
