// astro augment: makes the data set of the arm that is kept, by trained models, and writes augmented.npz.
#include "apps/measure/judges.h"
#include "apps/measure/measure.h"
#include "apps/run/arms.h"
#include "apps/run/stage_command.h"

namespace astro::app {

int run_augment(CommandLine& line) {
    StageCommand command;
    if (!command.parse(line)) return 0;
    Config& config = command.config;
    StageRunner runner(line, command.options, config, {Access::write, data::Parts::all, {true, true, true}});
    check_augmented(runner);
    require_stages(runner, augmenters::kept_row().stages);
    const std::vector<std::string> before = keys_of(runner.results());
    const std::string path = augment_and_measure(runner, [&](TrainableModel& model, const std::string& fingerprint) {
        runner.require_trained(model, fingerprint);
    });
    measure_stitched(runner, runner.load_in_units(path, data::Parts::all));
    print_new(runner.results(), before, command.output.json);
    return 0;
}

}  // namespace astro::app
