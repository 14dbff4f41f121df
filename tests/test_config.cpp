// Configuration: presets, automatic values, checks of combinations, and configuration files.
#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <iterator>

#include "apps/command_line/config_file.h"
#include "apps/command_line/settings.h"
#include "astro/config/config.h"
#include "tests/error_message.h"

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

TEST_CASE("config: preset cpu equals the defaults, also after another preset") {
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

// The file contains the settings of each preset that differ from the defaults.
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

TEST_CASE("config: automatic discount and number of updates depend on the maze") {
    Config config;
    CHECK(resolve_gamma(0, "pointmaze-medium-stitch-v0") == .99);
    CHECK(resolve_gamma(0, "pointmaze-large-v0") == .995);
    CHECK(resolve_gamma(0, "pointmaze-giant-v0") == .998);
    CHECK(resolve_gamma(.9, "pointmaze-giant-v0") == .9);
    // Other agents in a maze have the defaults of the point in the same maze; others those of every environment.
    CHECK(resolve_gamma(0, "antmaze-giant-v0") == .998);
    CHECK(resolve_gamma(0, "humanoidmaze-medium-v0") == .99);
    CHECK(resolve_gcbc_updates(config, "antmaze-giant-v0") == 40000);
    CHECK(resolve_gamma(0, "cube-single-v0") == data::EnvironmentSpec().gamma);
    CHECK(resolve_gamma(0, "") == .995);
    CHECK(resolve_gcbc_updates(config, "pointmaze-giant-stitch-v0") == 40000);
    CHECK(resolve_gcbc_updates(config, "pointmaze-large-stitch-v0") == 20000);
    config.gcbc.updates = 5;
    CHECK(resolve_gcbc_updates(config, "pointmaze-giant-stitch-v0") == 5);
}

TEST_CASE("config: invalid combinations are rejected") {
    const auto rejected = [](void (*change)(Config&)) {
        Config config;
        change(config);
        return !error_message([&] { check(config); }, ErrorKind::usage).empty();
    };
    CHECK_FALSE(rejected([](Config&) {}));
    CHECK(rejected([](Config& c) { c.dynamics.form = DynamicsForm::sampled; }));
    CHECK(rejected([](Config& c) { c.dynamics.one_pass_share = 0; }));
    CHECK(rejected([](Config& c) { c.planner.network.heads = 3; }));
    CHECK(rejected([](Config& c) { c.planner.denoising_steps = 101; }));
    CHECK(rejected([](Config& c) { c.planner.random_gap = true, c.planner.gap = 10; }));
    CHECK(rejected([](Config& c) { c.graph.pool = 10; }));
    CHECK(rejected([](Config& c) { c.value.trajectory_goals = .9; }));
    CHECK(rejected([](Config& c) {
        c.value.return_steps = 2, c.cql.form = CqlForm::pure, c.policy.protocol = Protocol::single_task;
    }));
    CHECK_FALSE(rejected([](Config& c) { c.value.return_steps = 2, c.cql.form = CqlForm::pure; }));
    Config single;
    single.policy.protocol = Protocol::single_task;
    CHECK_THROWS_WITH_AS(check_learner("gcbc", single), "learner gcbc has no single-task form: use iql, td3bc or cql",
                         Error);
    CHECK_NOTHROW(check_learner("gcbc", Config{}));
    CHECK_NOTHROW(check_learner("iql", single));
    Config weighted;
    weighted.relabel.rule = RelabelRule::weighted;
    CHECK_NOTHROW(check_learner("gcbc", weighted));
    CHECK_THROWS_WITH_AS(check_learner("iql", weighted),
                         "learner iql does not weight rows by progress; hint: --relabel.rule on-the-way, or the "
                         "learner gcbc or hgcbc",
                         Error);
    CHECK(rejected([](Config& c) { c.dynamics.network.learning_rate_end = 1; }));
}

TEST_CASE("config: every default is in its range, and parsing its text gives the same text") {
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

TEST_CASE("config: loading a saved configuration gives the same values, and saving it the same bytes") {
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

TEST_CASE("config: errors for malformed files name file and line") {
    const auto parse_error = [](const std::string& content) {
        return error_message([&] { parse_config(content, "f.ini"); }, ErrorKind::usage);
    };
    CHECK(parse_error("# only\n\n a = 1 # one\n[s]\nb=\"x # y\"\n").empty());
    CHECK(parse_config("a = 'x y'\n", "f.ini")[0].value == "x y");
    CHECK(parse_error("a = 1\na = 2\n") == "f.ini:2: a is set twice in this file");
    CHECK(parse_error("[s]\na_b = 1\n[t]\n[s]\na-b = 2\n") == "f.ini:5: s.a-b is set twice in this file");
    CHECK(parse_error("\nnonsense\n").find("f.ini:2: expected key = value") == 0);
    CHECK(parse_error("[open\n").find("f.ini:1: expected [section]") == 0);
    CHECK(parse_error("[]\n").find("f.ini:1: expected [section]") == 0);
    CHECK(parse_error("a =\n").find("f.ini:1: a: no value") == 0);
    CHECK(parse_error("a = \"x\n").find("f.ini:1: a: text in quotes") == 0);
    CHECK(parse_error("a = \"x\" y\n").find("f.ini:1: a: text in quotes") == 0);
    CHECK(parse_error("two words = 1\n").find("f.ini:1: expected key = value") == 0);
}

TEST_CASE("config: numbers are printed as the shortest text that is parsed to the same value") {
    CHECK(print_real(.1) == "0.1");
    CHECK(print_real(1000) == "1000");
    CHECK(print_real(1e9) == "1e9");
    CHECK(print_real(2e-5) == "2e-5");
    CHECK(print_real(-1.5e-10) == "-1.5e-10");
    CHECK(print_real(0) == "0");
    for (const double value : {1. / 3, 1e300, 5e-324, 123456789.125, -7.25e-200})
        CHECK(std::strtod(print_real(value).c_str(), nullptr) == value);
}
