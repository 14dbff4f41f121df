// The part of StageRunner that finds or generates the data set, and refuses another one than that of the run.
#include <algorithm>
#include <cstdlib>

#include "apps/command_line/settings.h"
#include "apps/command_line/shell_word.h"
#include "apps/run/collect.h"
#include "apps/run/policies.h"
#include "apps/run/stage_runner.h"
#include "data/environment_match.h"
#include "data/file.h"
#include "data/validate.h"
#include "data/zip.h"

namespace astro::app {

namespace {

// The folder for data sets that are given by name: ASTRO_DATA, or OGBench's default.
std::string data_folder() {
    if (const char* folder = std::getenv("ASTRO_DATA")) return folder;
    const char* home = std::getenv("HOME");
    return std::string(home ? home : ".") + "/.ogbench/data";
}

// The settings of the generator. They are stored with the data in RUN/data, to detect data made with other settings.
std::string describe_collect(const CollectConfig& collect) {
    return text("episodes ", collect.episodes, ", rows ", collect.episode_rows, ", noise ",
                collect.noise < 0 ? "auto" : print_real(collect.noise), ", seed ", collect.seed, "\n");
}

// RUN/data/pointmaze-large-stitch-v0.npz, named as in OGBench.
std::string generated_path(const std::string& run, const CollectConfig& collect) {
    const data::Environment& environment = data::require_environment(
        collect.env, "collect.env '" + collect.env + "' is not a built-in environment, and no --data FILE is given",
        true);
    if (!environment.generate) fail(ErrorKind::usage, collect.env, " has no data generator; hint: --data FILE");
    return run + "/data/" + data::dataset_name(environment, collect.type) + ".npz";
}

DatasetIdentity identify(const std::string& path) {
    return {path, static_cast<int64_t>(data::InputFile(path).size()), data::file_crc32(path)};
}

// The same file, or one with the same content.
bool same(const DatasetIdentity& a, const DatasetIdentity& b) { return a.bytes == b.bytes && a.crc32 == b.crc32; }

}  // namespace

void StageRunner::find_data(const Needs& needs) {
    known_data_ = recorded_datasets(options_.run);
    name_ = data::resolve_dataset(source(needs), data_folder());
    datasets_.push_back(identify(name_.path));
    if (!name_.val_path.empty()) datasets_.push_back(identify(name_.val_path));
    if (known_data_.empty()) return;
    // What a run has learnt is in the units of its data, and its windows and rows are theirs.
    for (size_t i = 0; i < std::max(datasets_.size(), known_data_.size()); ++i) {
        if (i >= datasets_.size())
            fail(ErrorKind::usage, options_.run, " was made with the validation file ", known_data_[i].path,
                 ", which is not there; hint: another --run folder");
        if (i >= known_data_.size())
            fail(ErrorKind::usage, options_.run, " was made without the validation file ", datasets_[i].path,
                 "; hint: another --run folder");
        if (same(datasets_[i], known_data_[i])) continue;
        if (datasets_[i].path == known_data_[i].path)
            fail(ErrorKind::usage, datasets_[i].path, " has changed since ", options_.run,
                 " was made with it; hint: another --run folder");
        fail(ErrorKind::usage, options_.run, " was made with other data: ", known_data_[i].path, "; hint: --data ",
             shell_word(known_data_[0].path), ", or another --run folder");
    }
}

std::string StageRunner::source(const Needs& needs) {
    const std::string& given = config_.general.data;
    if (!given.empty()) {
        if (line_.given("data")) return given;
        const std::optional<std::string> moved = find_moved_dataset(options_.run, given);
        if (moved) progress_.note("data set " + given + " is found at " + *moved);
        const bool is_path = given.find_first_of("/.") != std::string::npos;
        if (!moved && is_path && !data::file_exists(given))
            fail(ErrorKind::io, "data set '", given, "': no file ", given,
                 "; hint: --data FILE names its present place");
        return moved.value_or(given);
    }
    if (line_.given("data"))
        fail(ErrorKind::usage,
             "--data: an empty value, expected a file or a name; hint: without --data, data are generated");
    if (config_.collect.env == "auto")
        config_.collect.env = config_.general.env.empty() ? data::default_environment() : config_.general.env;
    const std::string path = generated_path(options_.run, config_.collect);
    const std::string made_with = path + ".txt", settings = describe_collect(config_.collect);
    if (!needs.generate) {
        if (needs.access == Access::read) RunFolder(options_.run, Access::read);  // refuses what is not a run
        if (!data::file_exists(made_with)) line_.require("data");
        return path;
    }
    if (!known_data_.empty() && known_data_[0].path_from_run != path.substr(options_.run.size() + 1))
        fail(ErrorKind::usage, options_.run, " was made with ", known_data_[0].path, "; hint: --data ",
             shell_word(known_data_[0].path), ", or another --run folder");
    if (!data::file_exists(made_with)) check_generated(path, needs);
    folder_.emplace(options_.run, Access::write);
    if (!data::file_exists(made_with)) {  // this file is written last; without it the data may be incomplete
        progress_.note("generating " + path);
        data::create_folders(folder_->file("data"));
        collect_files(config_.collect, path, threads_);
        data::write_text_file(made_with, settings);
    } else if (data::read_text_file(made_with) != settings) {
        fail(ErrorKind::usage, path,
             " was generated with other settings of [collect]; hint: use the same settings or another --run folder");
    }
    return path;
}

void StageRunner::check_generated(const std::string& path, const Needs& needs) {
    const data::Environment& environment = *data::find_environment(config_.collect.env);
    const data::CollectSpec spec = collect_spec(config_.collect);
    if (spec.episodes < 2)
        fail(ErrorKind::usage, "collect.episodes ", spec.episodes,
             ": a single episode cannot be stitched, expected at least 2");
    const int64_t rows = environment.longest_generated(spec);
    if (const int64_t steps = spec.episodes * (rows - 1); steps < data::kMinTransitions)
        fail(ErrorKind::usage, "collect: ", spec.episodes, " episodes of ", rows, " rows have ", steps,
             " transitions, too few to learn from, expected at least ", data::kMinTransitions);
    check_rows(path, rows, rows, needs.lengths, config_);
    check_position(environment.spec().state_dim, path);
    const std::string& evaluated = config_.general.env.empty() ? config_.collect.env : config_.general.env;
    const data::Environment& evaluating = *data::find_environment(evaluated);
    if (evaluated != config_.collect.env) {  // a few episodes tell whether the data will fit
        data::CollectSpec few = spec;
        few.episodes = std::min<int64_t>(spec.episodes, 5);
        const data::Dataset sample = environment.generate(few, "train", threads_);
        const std::string words = text("data of collect.env ", config_.collect.env);
        data::check_dimensions(evaluating, sample, words);
        data::check_environment_match(evaluating, sample, words);
    }
    if (needs.policies) check_protocol(config_, evaluated);
    evaluated_tasks(config_, evaluating.spec());
}

}  // namespace astro::app
