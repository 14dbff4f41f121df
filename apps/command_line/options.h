// The command line of a command: options, configuration files, presets, help.
//
// Usage in the run function of a command:
//     StageOptions options;  Config config;
//     line.add(options);                                           // the options of the command
//     line.add_config(config, {"", "checkpoint", "data", "tdr"});  // sections that it uses; "" is the general section
//     if (!line.parse()) return 0;                                 // help was printed
// Precedence: default < preset < configuration files in order < options on the command line. If neither --preset nor
// --config is given and the run folder contains a config.ini, this file is used in place of preset and files.
// Unknown, repeated, malformed and out-of-range options throw Error(usage), with a suggestion.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "apps/command_line/command.h"
#include "apps/command_line/settings.h"
#include "apps/run/device.h"
#include "astro/config/config.h"

namespace astro::app {

// Options of all commands that work in a run folder.
struct StageOptions {
    bool reads_run = false;  // the command only reads the folder
    std::string run;
    bool resume = false, quiet = false, trace = false;
    int64_t stop_after = 0;
    double log_every = 10;
    DeviceOptions device;

    template <class V>
    void visit(V& v) {
        v("run", run, reads_run ? "folder of a run; it is only read" : "run folder; created if it does not exist",
          Source::ours, anything());
        v("resume", resume, "continue from the newest checkpoint", Source::ours, anything());
        v("stop-after", stop_after, "stop after this update, as if interrupted; 0: at the end", Source::ours,
          between(0, kMaxCount));
        v("log-every", log_every, "seconds between progress lines if stderr is not a terminal", Source::ours,
          between(.01, 1e6));
        v("quiet", quiet, "do not print progress on stderr", Source::ours, anything());
        v("trace", trace, "if a value is not finite, list the preceding ops on stderr", Source::ours, anything());
        device.visit(v);
    }
};

class CommandLine;
// A description of a command, written from its options (apps/command_line/pages.h).
using Page = std::string(const CommandLine& line);

class CommandLine {
  public:
    // arguments: the words after the name of the command. page: instead of executing the command, parse() prints it.
    CommandLine(const Command& command, std::vector<std::string> arguments, Page* page = nullptr);
    CommandLine(const CommandLine&) = delete;
    CommandLine& operator=(const CommandLine&) = delete;

    // Adds the options of an object, which must outlive the line. section: that of the flags, --SECTION.NAME.
    template <class Object>
    void add(Object& options, const std::string& section = "") {
        own_.add(section, "Options", options);
    }
    // Adds the settings of these sections. Settings of other sections are accepted in files, but not as options,
    // because they would have no effect.
    void add_config(Config& config, const std::vector<std::string>& sections);

    // Reads all options into the bound objects and checks the configuration. Returns false if help was printed.
    bool parse();

    const std::vector<std::string>& operands() const { return operands_; }
    bool given(const std::string& option) const { return given_.count(option) != 0; }
    // Throws Error(usage) if the option is neither given nor set in a file.
    void require(const std::string& option);

    // What differs from a saved configuration, for messages.
    struct Differences {
        std::vector<std::string> settings;  // "tdr.updates is 20 there, 30 here"
        std::vector<std::string> options;   // of this command, that cause them: "tdr.updates", "preset"
    };
    // Compares the settings of these sections that change results. Without such a file, nothing differs.
    Differences differences(const std::string& saved, const std::vector<std::string>& sections) const;

    // The configuration with the origin of each value, as a file (config.ini of the run folder).
    std::string effective_config() const;
    const std::string& preset() const { return configuration_.preset; }
    std::string command_name() const { return command_.name; }
    const std::vector<std::string>& arguments() const { return arguments_; }  // as typed

    // For descriptions.
    const Command& command() const { return command_; }
    std::string usage() const;
    const Settings& options() const { return own_; }               // of the command itself
    const Settings& settings() const { return config_settings_; }  // of the configuration
    bool configurable() const { return config_ != nullptr; }       // it reads the configuration
    bool uses(const std::string& section) const;                   // of the configuration

  private:
    struct ConfigurationOptions {
        std::string preset = "cpu", config;
        template <class V>
        void visit(V& v) {
            v("preset", preset, "sizes of networks and training; tiny: for tests, cpu: two cores, small and base: GPU",
              Source::ours, one_of(preset_names()));
            v("config", config, "configuration file; may be repeated, later files take precedence", Source::ours,
              anything());
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
    void apply_configuration();

    const Command& command_;
    std::vector<std::string> arguments_, operands_;
    Page* page_;
    Settings own_, config_settings_;
    Config* config_ = nullptr;
    std::vector<std::string> sections_;
    ConfigurationOptions configuration_;
    std::string preset_origin_ = "default";
    std::vector<std::string> config_files_;
    std::vector<Flag> flags_;
    std::set<std::string> given_;
};

}  // namespace astro::app
