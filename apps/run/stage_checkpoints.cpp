// The part of StageRunner that compares checkpoints with the settings of the command.
#include <algorithm>

#include "apps/command_line/shell_word.h"
#include "apps/run/stage_names.h"
#include "apps/run/stage_runner.h"
#include "data/checkpoint.h"

namespace astro::app {

void StageRunner::check_checkpoints(const std::string& stage, const std::string& fingerprint) const {
    const std::optional<data::Checkpoint> checkpoint = data::load_checkpoint(folder_->checkpoints(stage));
    if (!checkpoint) return;
    if (!fingerprint_matches(*checkpoint, fingerprint))
        refuse_other_settings(stage, differences(stage));  // first: --resume would not help
    if (!options_.resume)
        fail(ErrorKind::usage, folder_->path(), " already contains checkpoints of stage ", stage,
             "; hint: continue with --resume, or choose another --run folder");
}

CommandLine::Differences StageRunner::differences(const std::string& stage) const {
    return line_.differences(folder_->file("config.ini"), sections_of_stage(config_, stage));
}

void StageRunner::refuse_other_settings(const std::string& stage, const CommandLine::Differences& differ) const {
    if (differ.settings.empty())
        fail(ErrorKind::usage, "stage ", stage, " in ", folder_->path(), " was trained with other settings or data; ",
             "its config.ini, which each command replaces, does not show which; hint: use another --run folder");
    std::string list, options;
    constexpr size_t kShown = 3;
    for (size_t i = 0; i < std::min(kShown, differ.settings.size()); ++i)
        list += (i > 0 ? "; " : "") + differ.settings[i];
    if (differ.settings.size() > kShown) list += text("; and ", differ.settings.size() - kShown, " more");
    for (const std::string& option : differ.options) options += (options.empty() ? "--" : " and --") + option;
    fail(ErrorKind::usage, "stage ", stage, " in ", folder_->path(), " was trained with other settings: ", list,
         "; hint: omit ", options, ", or use another --run folder");
}

int64_t StageRunner::load_stage(TrainableModel& model, const std::string& fingerprint) {
    const std::string stage = model.name(), folder = folder_->checkpoints(stage);
    const std::optional<data::Checkpoint> checkpoint = data::load_checkpoint(folder);
    if (checkpoint && !fingerprint_matches(*checkpoint, fingerprint)) refuse_other_settings(stage, differences(stage));
    try {
        return load_state(model, folder, fingerprint, [&](const std::string& message) { warn(stage, message); });
    } catch (const Error& error) {
        // Without a fingerprint, other settings show in the shapes of the arrays.
        const CommandLine::Differences differ = differences(stage);
        if (error.kind() != ErrorKind::data || !fingerprint.empty() || differ.settings.empty()) throw;
        refuse_other_settings(stage, differ);
    }
}

bool StageRunner::finished(TrainableModel& model, const std::string& fingerprint) {
    return load_stage(model, fingerprint) >= model.updates();
}

void StageRunner::require_trained(TrainableModel& model, const std::string& fingerprint, const std::string& arm) {
    const std::string stage = model.name();
    const int64_t done = load_stage(model, fingerprint);
    if (done >= model.updates()) return;
    // Without a fingerprint, a stage whose number of updates was changed looks as if it were not finished.
    if (const CommandLine::Differences differ = differences(stage); done >= 0 && !differ.settings.empty())
        refuse_other_settings(stage, differ);
    const std::string progress = done < 0 ? "is not trained" : text("has ", done, " of ", model.updates(), " updates");
    fail(ErrorKind::usage, "stage ", stage, " ", progress, " in ", folder_->path(),
         hint_first(training_command(stage, arm)), done < 0 ? "" : " --resume", " with the settings of this command");
}

std::string StageRunner::hint_first(const std::string& command) const {
    return text("; hint: first astro ", command, " --data ", shell_word(name_.path), " --run ",
                shell_word(folder_->path()));
}

}  // namespace astro::app
