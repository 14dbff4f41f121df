#include "apps/command_line/options.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>

#include "apps/command_line/config_file.h"
#include "apps/command_line/pages.h"
#include "astro/pipeline.h"
#include "data/environment.h"
#include "tensor/base/error.h"

namespace astro::app {
namespace {

bool is_flag(const std::string& word) { return word.size() > 2 && word.compare(0, 2, "--") == 0; }

bool is_number(const std::string& word) {
    return word.size() > 1 && word[0] == '-' && ((word[1] >= '0' && word[1] <= '9') || word[1] == '.');
}

// The configuration that is saved in a run folder; "" if there is none.
std::string saved_configuration(const std::string& run) {
    const std::string saved = (std::filesystem::path(run) / "config.ini").string();
    std::error_code ignored;
    return !run.empty() && std::filesystem::exists(saved, ignored) ? saved : "";
}

}  // namespace

CommandLine::CommandLine(const Command& command, std::vector<std::string> arguments, Page* page)
    : command_(command), arguments_(std::move(arguments)), page_(page) {}

void CommandLine::add_config(Config& config, const std::vector<std::string>& sections) {
    config_ = &config;
    sections_ = sections;
    own_.add("", "Options", configuration_);
    config_settings_.add_sections(config);
}

std::string CommandLine::usage() const {
    const std::string operands = command_.operands;
    return "astro " + command_name() + (operands.empty() ? "" : " " + operands) +
           (own_.all().empty() ? "" : " [options]");
}

bool CommandLine::parse() {
    if (page_ == nullptr && read_arguments()) page_ = help_page;
    if (page_ != nullptr) {
        const std::string page = page_(*this);
        std::fwrite(page.data(), 1, page.size(), stdout);
        return false;
    }
    check_operands();
    for (const Flag& flag : flags_)
        if (own_.find(flag.setting->key) == flag.setting)
            own_.assign(*flag.setting, flag.value, "flag", command_name() + ": " + flag.where);
    if (config_ != nullptr) apply_configuration();
    return true;
}

void CommandLine::refuse(const std::string& message) const { fail(ErrorKind::usage, command_.name, ": ", message); }

// Collects flags and operands. Returns true if help is requested.
bool CommandLine::read_arguments() {
    for (size_t i = 0; i < arguments_.size(); ++i) {
        const std::string& word = arguments_[i];
        if (word == "--help" || word == "-h") return true;
        if (word == "--") {
            operands_.insert(operands_.end(), arguments_.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                             arguments_.end());
            break;
        }
        if (is_flag(word)) {
            i = read_flag(i);
        } else if (word.size() > 1 && word[0] == '-' && !is_number(word)) {
            refuse("unknown option " + word + ": options start with two dashes");
        } else {
            operands_.push_back(word);
        }
    }
    return false;
}

// Reads the flag at the index and its value. Returns the index of the last word that belongs to it.
size_t CommandLine::read_flag(size_t index) {
    const std::string& word = arguments_[index];
    const size_t equals = word.find('=');
    std::string name = word.substr(2, equals == std::string::npos ? equals : equals - 2);
    Setting* setting = find_flag(name);
    const bool negated = setting == nullptr && name.compare(0, 3, "no-") == 0;
    if (negated) setting = find_flag(name.substr(3));
    if (setting == nullptr) refuse_flag(name);
    if (negated && (setting->kind != SettingKind::boolean || equals != std::string::npos))
        refuse("--" + name + ": only a switch can be negated, and without a value");

    std::string value;
    const bool more = index + 1 < arguments_.size();
    if (negated) {
        value = "off";
    } else if (equals != std::string::npos) {
        value = word.substr(equals + 1);
    } else if (setting->kind == SettingKind::boolean) {
        const bool stated = more && (arguments_[index + 1] == "on" || arguments_[index + 1] == "off");
        value = stated ? arguments_[++index] : "on";
    } else if (more && !is_flag(arguments_[index + 1])) {
        value = arguments_[++index];
    } else {
        refuse("--" + setting->key + " needs a value: " + expectation(setting->kind, setting->domain));
    }

    if (config_ != nullptr && setting->key == "config") {
        config_files_.push_back(value);
    } else {
        if (!given_.insert(setting->key).second) refuse("--" + setting->key + " is given twice");
        flags_.push_back({setting, value, "--" + setting->key});
    }
    return index;
}

void CommandLine::check_operands() const {
    const std::string form = command_.operands;
    const bool many = form.size() >= 3 && form.compare(form.size() - 3, 3, "...") == 0;
    const bool optional = form.empty() || form[0] == '[';
    if (operands_.empty() && !optional) refuse("expected " + form + " after the command");
    const size_t limit = form.empty() ? 0 : many ? operands_.size() : 1;
    if (operands_.size() > limit) refuse("unexpected argument '" + operands_[limit] + "'");
}

bool CommandLine::uses(const std::string& section) const {
    return std::find(sections_.begin(), sections_.end(), section) != sections_.end();
}

Setting* CommandLine::find_flag(const std::string& name) {
    if (Setting* own = own_.find(name)) return own;
    Setting* setting = config_settings_.find(name);
    if (setting != nullptr && !uses(setting->section)) refuse("--" + setting->key + " has no effect on this command");
    return setting;
}

void CommandLine::refuse_flag(const std::string& name) {
    std::vector<std::string> names = own_.keys();
    names.push_back("help");
    for (const Setting& setting : config_settings_.all())
        if (uses(setting.section)) names.push_back(setting.key);
    const std::string nearest = nearest_name(name, names);
    refuse("unknown option --" + name +
           (nearest.empty() ? "; --help lists the options" : ", did you mean --" + nearest + "?"));
}

void CommandLine::apply_configuration() {
    std::vector<std::vector<ConfigEntry>> files;
    std::vector<std::string> origins;
    for (const std::string& path : config_files_) {
        files.push_back(read_config(path));
        origins.push_back("file " + path);
    }
    // Without preset and files, the saved configuration of the run folder is used. Its comments contain the origins.
    Setting* run = own_.find("run");
    if (files.empty() && !given("preset") && run != nullptr)
        if (const std::string saved = saved_configuration(run->text()); !saved.empty()) {
            files.push_back(read_config(saved));
            origins.push_back("");
        }

    if (given("preset")) preset_origin_ = "flag";
    Setting* preset = own_.find("preset");
    for (size_t f = 0; f < files.size() && !given("preset"); ++f)
        for (const ConfigEntry& entry : files[f])
            if (entry.key == "preset") {
                preset_origin_ = origins[f].empty() ? entry.comment : origins[f];
                own_.assign(*preset, entry.value, preset_origin_, entry.where);
            }
    apply_preset(*config_, configuration_.preset);
    for (Setting& setting : config_settings_.all())
        if (setting.text() != setting.initial) setting.origin = "preset " + configuration_.preset;

    for (size_t f = 0; f < files.size(); ++f)
        for (const ConfigEntry& entry : files[f]) {
            if (entry.key == "preset") continue;
            Setting* setting = config_settings_.find(entry.key);
            if (setting == nullptr) {
                const std::string nearest = nearest_name(entry.key, config_settings_.keys());
                fail(ErrorKind::usage, entry.where, ": unknown setting",
                     nearest.empty() ? "" : ", did you mean " + nearest + "?");
            }
            config_settings_.assign(*setting, entry.value, origins[f].empty() ? entry.comment : origins[f],
                                    entry.where);
        }
    for (const Flag& flag : flags_)
        if (config_settings_.find(flag.setting->key) == flag.setting)
            config_settings_.assign(*flag.setting, flag.value, "flag", command_name() + ": " + flag.where);
    check(*config_);
}

void CommandLine::require(const std::string& option) {
    Setting* setting = own_.find(option);
    if (setting == nullptr) setting = config_settings_.find(option);
    ASTRO_CHECK(setting != nullptr, "require: no option ", option);
    if (setting->origin != "default" || !setting->text().empty()) return;
    Setting* run = own_.find("run");
    const std::string saved = run ? saved_configuration(run->text()) : "";
    if (config_ != nullptr && config_settings_.find(option) == setting && !saved.empty())
        refuse("--" + option + " is required, because " + saved +
               " is not used with --preset or --config; hint: omit " + (given("preset") ? "--preset" : "--config") +
               ", or give --" + option + " too");
    refuse("--" + option + " is required: " + setting->meaning);
}

CommandLine::Differences CommandLine::differences(const std::string& saved,
                                                  const std::vector<std::string>& sections) const {
    std::map<std::string, std::string> there;
    std::error_code error;
    if (std::filesystem::exists(saved, error))
        for (const ConfigEntry& entry : read_config(saved)) there[entry.key] = entry.value;
    Differences differ;
    std::set<std::string> options;
    for (const Setting& setting : config_settings_.all()) {
        const auto found = there.find(setting.key);
        const std::string name = setting.section.empty() ? setting.key : setting.key.substr(setting.section.size() + 1);
        const bool matters =
            method::changes_results(setting.section, name) || setting.key == "data" || setting.key == "env";
        if (!matters || found == there.end() || found->second == setting.text() ||
            std::find(sections.begin(), sections.end(), setting.section) == sections.end())
            continue;
        if (setting.key == "env" &&
            data::environment_identity(found->second) == data::environment_identity(setting.text()))
            continue;
        const auto word = [](const std::string& value) { return value.empty() ? "empty" : value; };
        differ.settings.push_back(
            text(setting.key, " is ", word(found->second), " there, ", word(setting.text()), " here"));
        // A value that was not given replaces the saved one because a preset or a file was.
        const std::string option = setting.origin == "flag"                                    ? setting.key
                                   : setting.origin.rfind("file ", 0) == 0 || !given("preset") ? "config"
                                                                                               : "preset";
        if (options.insert(option).second) differ.options.push_back(option);
    }
    return differ;
}

std::string CommandLine::effective_config() const {
    return dump_config(config_settings_, configuration_.preset, preset_origin_);
}

}  // namespace astro::app
