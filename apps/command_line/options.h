// The command line of one command: strict options, configuration files, presets, help.
//
// Use, in a command's run function:
//     StageOptions options;  Config config;
//     line.add(options);                                        // the command's own flags
//     line.add_config(config, {"", "checkpoint", "data", "tdr"});  // sections it uses; "" is the general one
//     if (!line.parse()) return 0;                              // help was printed
// Precedence: default < preset < configuration files in order < flags. Where neither --preset nor --config is
// given and the run folder holds a config.ini, that file is the configuration the flags change.
// Unknown, repeated, malformed and out-of-range options throw Error(usage) with the nearest name.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "apps/command_line/command.h"
#include "apps/run/device.h"
#include "apps/command_line/settings.h"
#include "astro/config/config.h"

namespace astro::app {

// Flags of every command that works in a run folder.
struct StageOptions {
    std::string run;
    bool resume = false, quiet = false, trace = false;
    int64_t stop_after = 0;
    double log_every = 10;
    DeviceOptions device;

    template <class V>
    void visit(V& v) {
        v("run", run, "run folder; made when it does not exist", Source::ours, anything());
        v("resume", resume, "go on from the newest checkpoint", Source::ours, anything());
        v("stop-after", stop_after, "stop after this update, as if interrupted there; 0: at the end", Source::ours,
          between(0, kMaxCount));
        v("log-every", log_every, "seconds between progress lines when stderr is no terminal", Source::ours,
          between(.01, 1e6));
        v("quiet", quiet, "no progress on stderr", Source::ours, anything());
        v("trace", trace, "after a numeric failure, list the ops that led to it on stderr", Source::ours, anything());
        device.visit(v);
    }
};

// What a command line is read for: to run the command, or to describe it.
enum class Purpose { execute, help, markdown };

class CommandLine {
  public:
    // arguments: what follows the command's name.
    CommandLine(const Command& command, std::vector<std::string> arguments, Purpose purpose = Purpose::execute);
    CommandLine(const CommandLine&) = delete;
    CommandLine& operator=(const CommandLine&) = delete;

    // Objects must outlive the line.
    template <class Object>
    void add(Object& options) {
        own_.add("", "Options", options);
    }
    // Settings of other sections are read from files but refused as flags, since they would have no effect.
    void add_config(Config& config, const std::vector<std::string>& sections);

    // Reads everything into the bound objects and checks the configuration; false when help was printed.
    bool parse();

    const std::vector<std::string>& operands() const { return operands_; }
    bool given(const std::string& option) const { return given_.count(option) != 0; }
    // Error(usage) when the option is neither given nor set in a file.
    void require(const std::string& option);

    // The configuration with the origin of each value, as a file (config.ini of the run folder).
    std::string effective_config() const;
    const std::string& preset() const { return configuration_.preset; }
    std::string command_name() const { return command_.name; }
    const std::vector<std::string>& arguments() const { return arguments_; }  // as typed

    // What parse() prints for --help, and the manual's section on this command.
    std::string help() const;
    std::string markdown() const;

  private:
    struct ConfigurationOptions {
        std::string preset = "cpu", config;
        template <class V>
        void visit(V& v) {
            v("preset", preset, "size of everything: tests, two cores, GPU", Source::ours, one_of(preset_names()));
            v("config", config, "configuration file; repeatable, later files win", Source::ours, anything());
        }
    };
    struct Flag {
        Setting* setting;
        std::string value, where;
    };

    [[noreturn]] void refuse(const std::string& message) const;
    bool read_arguments();
    size_t read_flag(size_t index);
    void check_operands() const;
    Setting* find_flag(const std::string& name);
    [[noreturn]] void refuse_flag(const std::string& name);
    bool uses(const std::string& section) const;
    void apply_configuration();
    std::string usage() const;

    const Command& command_;
    std::vector<std::string> arguments_, operands_;
    Purpose purpose_;
    Settings own_, config_settings_;
    Config* config_ = nullptr;
    std::vector<std::string> sections_;
    ConfigurationOptions configuration_;
    std::string preset_origin_ = "default";
    std::vector<std::string> config_files_;
    std::vector<Flag> flags_;
    std::set<std::string> given_;
};

// The manual's table of all configuration settings, section by section.
std::string markdown_of_config();

}  // namespace astro::app
