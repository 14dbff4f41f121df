// Configuration: presets, rules, cross checks, and files that read back.
#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <iterator>

#include "apps/command_line/config_file.h"
#include "apps/command_line/settings.h"
#include "astro/config/config.h"
#include "tensor/base/error.h"

using namespace astro;
using namespace astro::method;
using namespace astro::app;

namespace {

std::string dump(Config& config) {
    Settings settings;
    settings.add_sections(config);
    return dump_config(settings, "cpu", "default");
}

}  // namespace

TEST_CASE("config: preset cpu is the defaults, also after any other preset") {
    Config plain;
    const std::string defaults = dump(plain);
    for (const std::string& name : preset_names()) {
        CAPTURE(name);
        Config config;
        apply_preset(config, name);
        CHECK_NOTHROW(check(config));
        CHECK((dump(config) == defaults) == (name == "cpu"));
        apply_preset(config, "cpu");
        CHECK(dump(config) == defaults);
    }
    CHECK_THROWS_AS(apply_preset(plain, "huge"), Error);
}

// The settings of each preset that differ from the defaults, as the file pins them.
TEST_CASE("config: presets hold the values of tests/presets.txt") {
    std::string made;
    for (const std::string& name : preset_names()) {
        Config config;
        Settings settings;
        settings.add_sections(config);
        apply_preset(config, name);
        made += "[" + name + "]\n";
        for (const Setting& setting : settings.all())
            if (setting.text() != setting.initial) made += setting.key + " = " + setting.text() + "\n";
    }
    std::ifstream file("tests/presets.txt");
    CHECK(made == std::string(std::istreambuf_iterator<char>(file), {}));
}

TEST_CASE("config: automatic discount and updates go by the maze") {
    Config config;
    CHECK(resolve_gamma(0, "pointmaze-medium-stitch-v0") == .99);
    CHECK(resolve_gamma(0, "pointmaze-large-v0") == .995);
    CHECK(resolve_gamma(0, "pointmaze-giant-v0") == .998);
    CHECK(resolve_gamma(.9, "pointmaze-giant-v0") == .9);
    CHECK(resolve_gcbc_updates(config, "pointmaze-giant-stitch-v0") == 40000);
    CHECK(resolve_gcbc_updates(config, "pointmaze-large-stitch-v0") == 20000);
    config.gcbc.updates = 5;
    CHECK(resolve_gcbc_updates(config, "pointmaze-giant-stitch-v0") == 5);
}

TEST_CASE("config: combinations that cannot work are refused in words") {
    const auto refused = [](void (*spoil)(Config&)) {
        Config config;
        spoil(config);
        try {
            check(config);
        } catch (const Error& error) {
            return error.kind() == ErrorKind::usage;
        }
        return false;
    };
    CHECK_FALSE(refused([](Config&) {}));
    CHECK(refused([](Config& c) { c.dynamics.form = DynamicsForm::sampled; }));
    CHECK(refused([](Config& c) { c.dynamics.one_pass_share = 0; }));
    CHECK(refused([](Config& c) { c.planner.network.heads = 3; }));
    CHECK(refused([](Config& c) { c.planner.denoising_steps = 101; }));
    CHECK(refused([](Config& c) { c.planner.random_gap = true, c.planner.gap = 10; }));
    CHECK(refused([](Config& c) { c.graph.pool = 10; }));
    CHECK(refused([](Config& c) { c.value.trajectory_goals = .9; }));
    CHECK_THROWS_WITH_AS(check_learner("gcbc", Protocol::single_task),
                         "learner gcbc has no single-task form: use iql, td3bc or cql", Error);
    CHECK_NOTHROW(check_learner("gcbc", Protocol::goal_conditioned));
    CHECK_NOTHROW(check_learner("iql", Protocol::single_task));
    CHECK(refused([](Config& c) { c.dynamics.network.learning_rate_end = 1; }));
}

TEST_CASE("config: every default lies in its own range and its text reads back to the same text") {
    Config config;
    Settings settings;
    settings.add_sections(config);
    CHECK(settings.all().size() > 150);
    for (Setting& setting : settings.all()) {
        CAPTURE(setting.key);
        CHECK_FALSE(setting.meaning.empty());
        CHECK_NOTHROW(settings.assign(setting, setting.initial, "test", "test"));
        CHECK(setting.text() == setting.initial);
    }
}

TEST_CASE("config: a dump loads to the same values and the same bytes") {
    Config config;
    apply_preset(config, "small");
    config.general.data = " odd # \"name\\\" ";
    config.planner.joint_weight = .1 + .2;
    config.metrics.tolerances = {1. / 3, 2e-5};
    config.augment.seam = Seam::open;
    Settings settings;
    settings.add_sections(config);
    const std::string saved = dump_config(settings, "small", "flag");

    Config loaded;
    Settings targets;
    targets.add_sections(loaded);
    for (const ConfigEntry& entry : parse_config(saved, "saved")) {
        if (entry.key == "preset") continue;
        Setting* setting = targets.find(entry.key);
        REQUIRE_MESSAGE(setting != nullptr, entry.key);
        targets.assign(*setting, entry.value, entry.comment, entry.where);
    }
    CHECK(loaded.general.data == config.general.data);
    CHECK(loaded.planner.joint_weight == config.planner.joint_weight);
    CHECK(loaded.metrics.tolerances == config.metrics.tolerances);
    CHECK(loaded.augment.seam == Seam::open);
    CHECK(dump_config(targets, "small", "flag") == saved);
}

TEST_CASE("config: malformed files are refused with file and line") {
    const auto refusal = [](const std::string& content) {
        try {
            parse_config(content, "f.ini");
        } catch (const Error& error) {
            return std::string(error.what());
        }
        return std::string();
    };
    CHECK(refusal("# only\n\n a = 1 # one\n[s]\nb=\"x # y\"\n").empty());
    CHECK(refusal("a = 1\na = 2\n") == "f.ini:2: a is set twice in this file");
    CHECK(refusal("[s]\na_b = 1\n[t]\n[s]\na-b = 2\n") == "f.ini:5: s.a-b is set twice in this file");
    CHECK(refusal("\nnonsense\n").find("f.ini:2: expected key = value") == 0);
    CHECK(refusal("[open\n").find("f.ini:1: expected [section]") == 0);
    CHECK(refusal("[]\n").find("f.ini:1: expected [section]") == 0);
    CHECK(refusal("a =\n").find("f.ini:1: a: no value") == 0);
    CHECK(refusal("a = \"x\n").find("f.ini:1: a: text in quotes") == 0);
    CHECK(refusal("a = \"x\" y\n").find("f.ini:1: a: text in quotes") == 0);
    CHECK(refusal("two words = 1\n").find("f.ini:1: expected key = value") == 0);
}

TEST_CASE("config: numbers print as the shortest text that reads back") {
    CHECK(print_real(.1) == "0.1");
    CHECK(print_real(1000) == "1000");
    CHECK(print_real(1e9) == "1e9");
    CHECK(print_real(2e-5) == "2e-5");
    CHECK(print_real(-1.5e-10) == "-1.5e-10");
    CHECK(print_real(0) == "0");
    for (const double value : {1. / 3, 1e300, 5e-324, 123456789.125, -7.25e-200})
        CHECK(std::strtod(print_real(value).c_str(), nullptr) == value);
}
