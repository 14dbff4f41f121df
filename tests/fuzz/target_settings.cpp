#include <cmath>
#include <sstream>

#include "apps/command_line/config_file.h"
#include "apps/command_line/options.h"
#include "tensor/base/error.h"
#include "tests/fuzz/targets.h"

namespace astro::fuzz {

using namespace astro::method;

namespace {

template <class Work>
void tolerate_errors(Work work) {
    try {
        work();
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::internal) throw;
    }
}

int nothing(app::CommandLine&) { return 0; }

}  // namespace

void config(const uint8_t* bytes, size_t size) {
    tolerate_errors([&] {
        Config settings;
        app::Settings bound;
        bound.add_sections(settings);
        for (const app::ConfigEntry& entry :
             app::parse_config(std::string(reinterpret_cast<const char*>(bytes), size), "input")) {
            app::Setting* setting = bound.find(entry.key);
            if (setting) bound.assign(*setting, entry.value, "file", entry.where);
        }
        // Reading a dump of the settings gives the same settings.
        const std::string dumped = app::dump_config(bound, "cpu", "default");
        for (const app::ConfigEntry& entry : app::parse_config(dumped, "dump")) {
            app::Setting* setting = bound.find(entry.key);
            if (!setting) continue;
            const std::string before = setting->text();
            bound.assign(*setting, entry.value, setting->origin, entry.where);
            if (setting->text() != before)
                fail(ErrorKind::internal, entry.key, " changes from ", before, " to ", setting->text());
        }
        check(settings);
    });
}

void command_line(const uint8_t* bytes, size_t size) {
    std::vector<std::string> words;
    std::istringstream lines(std::string(reinterpret_cast<const char*>(bytes), size));
    for (std::string word; std::getline(lines, word);) {
        // Options that would access files of this machine, or print help, are skipped.
        if (word.compare(0, 8, "--config") == 0 || word.compare(0, 5, "--run") == 0 || word == "--help" || word == "-h")
            return;
        words.push_back(word);
    }
    const app::Command command{"run", "", "", nothing};
    tolerate_errors([&] {
        app::StageOptions options;
        Config settings;
        app::CommandLine line(command, words);
        line.add(options);
        line.add_config(settings, {"", "collect", "tdr", "planner", "selection", "augment", "policy", "evaluate",
                                   "metrics", "experiment"});
        line.parse();
        line.effective_config();
    });
}

}  // namespace astro::fuzz
