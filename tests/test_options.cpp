// Command lines: values, precedence, errors, suggestions, help. Progress lines and signals.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>

#include "apps/command_line/config_file.h"
#include "apps/command_line/options.h"
#include "apps/command_line/pages.h"
#include "apps/run/progress.h"
#include "apps/run/signals.h"
#include "data/file.h"
#include "tests/error_message.h"
#include "tests/temporary_folder.h"

using namespace astro;
using namespace astro::app;

namespace {

struct Line {
    StageOptions options;
    Config config;
    Command command = {"train tdr", "", "Trains.", nullptr};
    CommandLine line;
    explicit Line(std::vector<std::string> arguments, const char* operands = "")
        : command{"train tdr", operands, "Trains.", nullptr}, line(command, std::move(arguments)) {
        line.add(options);
        line.add_config(config, {"", "tdr", "planner", "evaluate", "experiment", "selection"});
    }
};

// The message of the usage error for these arguments; empty if they are valid.
std::string usage_error(std::vector<std::string> arguments, const char* operands = "") {
    Line test(std::move(arguments), operands);
    return error_message([&] { test.line.parse(); }, ErrorKind::usage);
}

std::string write_temporary(const std::string& name, const std::string& content) {
    const std::string path = (std::filesystem::temp_directory_path() / name).string();
    std::ofstream(path) << content;
    return path;
}

}  // namespace

TEST_CASE("options: all forms of values") {
    Line test({"--run",
               "r",
               "--tdr.width=32",
               "--planner.gap",
               "8",
               "--no-planner.feedback",
               "--resume",
               "--planner.self_conditioning",
               "off",
               "--stop-after",
               "5",
               "--evaluate.tasks",
               "1,3",
               "--selection.delta-threshold",
               "0.5",
               "--tdr.gamma",
               "auto",
               "--experiment.arms=raw, augmented",
               "--selection.selector",
               "euclid",
               "F.npz",
               "--",
               "--odd"},
              "FILE...");
    REQUIRE(test.line.parse());
    CHECK(test.options.run == "r");
    CHECK(test.options.resume);
    CHECK(test.options.stop_after == 5);
    CHECK(test.config.tdr.width == 32);
    CHECK(test.config.planner.gap == 8);
    CHECK_FALSE(test.config.planner.feedback);
    CHECK_FALSE(test.config.planner.self_conditioning);
    CHECK(test.config.evaluate.tasks == std::vector<int64_t>{1, 3});
    CHECK(test.config.selection.delta_threshold == 0.5);
    CHECK(test.config.tdr.gamma == 0);
    CHECK(test.config.experiment.arms == std::vector<std::string>{"raw", "augmented"});
    CHECK(test.config.selection.selector == Selector::euclid);
    CHECK(test.line.operands() == std::vector<std::string>{"F.npz", "--odd"});
    CHECK(test.line.given("planner.gap"));
    CHECK_FALSE(test.line.given("planner.context"));
}

TEST_CASE("options: errors name the option, the expected value and the most similar name") {
    CHECK(contains(usage_error({"--planer.gap", "3"}), "unknown option --planer.gap, did you mean --planner.gap?"));
    CHECK(contains(usage_error({"--gap", "3"}), "did you mean --planner.gap?"));
    CHECK(contains(usage_error({"--quite"}), "did you mean --quiet?"));
    CHECK(contains(usage_error({"--zzzzzzzz"}), "--help lists the options"));
    CHECK(contains(usage_error({"-v"}), "two dashes"));
    CHECK(contains(usage_error({"--planner.gap", "12abc"}), "--planner.gap 12abc: expected an integer from 1 to 512"));
    CHECK(contains(usage_error({"--planner.gap", "0"}), "from 1 to 512"));
    CHECK(contains(usage_error({"--planner.gap", "513"}), "from 1 to 512"));
    CHECK(contains(usage_error({"--planner.gap="}), "(empty)"));
    CHECK(contains(usage_error({"--planner.gap"}), "needs a value"));
    CHECK(contains(usage_error({"--planner.gap", "--quiet"}), "needs a value"));
    CHECK(contains(usage_error({"--planner.gap", "8", "--planner.gap=8"}), "given twice"));
    CHECK(contains(usage_error({"--quiet", "--no-quiet"}), "given twice"));
    CHECK(contains(usage_error({"--no-planner.gap"}), "only a switch"));
    CHECK(contains(usage_error({"--planner.feedback=maybe"}), "on or off"));
    for (const char* word : {"nan", "inf", "0x10", " 1", "1 ", "1e", "+1", "", "1e999"}) {
        CAPTURE(word);
        CHECK(contains(usage_error({text("--planner.joint_weight=", word)}), "a number from 0 to 1000"));
    }
    CHECK(contains(usage_error({"--planner.gap=99999999999999999999"}), "an integer"));
    CHECK(contains(usage_error({"--evaluate.tasks", "1,,2"}), "without empty entries"));
    CHECK(contains(usage_error({"--evaluate.tasks", "1,0"}), "from 1 to 1000"));
    CHECK(contains(usage_error({"--evaluate.tasks", "1,2,1"}), "without repeated entries"));
    CHECK(contains(usage_error({"--selection.selector", "tdrr"}), "one of tdr, euclid, random"));
    CHECK(contains(usage_error({"--augment.depth", "3"}), "no effect on this command"));
    CHECK(contains(usage_error({"extra"}), "unexpected argument 'extra'"));
    CHECK(contains(usage_error({}, "FILE"), "expected FILE"));
    CHECK(contains(usage_error({"a", "b"}, "FILE"), "unexpected argument 'b'"));
    CHECK(contains(usage_error({"--preset", "huge"}), "one of tiny, cpu, small, base"));
    CHECK(usage_error({"a", "b"}, "FILE...").empty());
    CHECK(usage_error({"--planner.joint_weight", ".25"}).empty());
    CHECK(contains(usage_error({"--selection.delta_threshold", "-1"}), "from 0"));
}

TEST_CASE("options: precedence default < preset < files in order < flags, with origins") {
    const std::string first = write_temporary("astro_test_first.ini", "[tdr]\nwidth = 48\nlayers = 4\nupdates = 7\n");
    const std::string second = write_temporary("astro_test_second.ini", "[tdr]\nwidth = 56\nlayers = 5\n");
    Line test({"--preset", "tiny", "--config", first, "--config=" + second, "--tdr.width", "64"});
    REQUIRE(test.line.parse());
    CHECK(test.config.tdr.width == 64);
    CHECK(test.config.tdr.layers == 5);
    CHECK(test.config.tdr.updates == 7);
    CHECK(test.config.tdr.latent == 8);                         // preset tiny
    CHECK(test.config.tdr.expectile == TdrConfig().expectile);  // default
    const std::vector<ConfigEntry> saved = parse_config(test.line.effective_config(), "saved");
    const auto origin = [&](const std::string& key) {
        for (const ConfigEntry& entry : saved)
            if (entry.key == key) return entry.comment;
        return std::string("absent");
    };
    CHECK(origin("preset") == "flag");
    CHECK(origin("tdr.width") == "flag");
    CHECK(origin("tdr.layers") == "file " + second);
    CHECK(origin("tdr.updates") == "file " + first);
    CHECK(origin("tdr.latent") == "preset tiny");
    CHECK(origin("tdr.expectile") == "default");

    // A file may name the preset, and a flag overrides it.
    const std::string names = write_temporary("astro_test_names.ini", "preset = tiny\nseed = 3\n");
    Line by_file({"--config", names});
    REQUIRE(by_file.line.parse());
    CHECK(by_file.config.tdr.latent == 8);
    CHECK(by_file.config.general.seed == 3);
    Line by_flag({"--config", names, "--preset", "small"});
    REQUIRE(by_flag.line.parse());
    CHECK(by_flag.config.tdr.latent == 16);

    const std::string wrong = write_temporary("astro_test_wrong.ini", "\n[tdr]\nwidht = 3\n");
    CHECK(
        contains(usage_error({"--config", wrong}), "wrong.ini:3: tdr.widht: unknown setting, did you mean tdr.width?"));
    for (const std::string& path : {first, second, names, wrong}) std::filesystem::remove(path);
}

TEST_CASE("options: the configuration saved in a run folder is the base of the next command") {
    const std::filesystem::path folder = std::filesystem::temp_directory_path() / "astro_test_saved_run";
    std::filesystem::create_directories(folder);
    Line first({"--run", folder.string(), "--preset", "tiny", "--tdr.width", "40"});
    REQUIRE(first.line.parse());
    std::ofstream(folder / "config.ini") << first.line.effective_config();
    Line next({"--run", folder.string()});
    REQUIRE(next.line.parse());
    CHECK(next.config.tdr.width == 40);
    CHECK(next.config.tdr.latent == 8);
    CHECK(next.line.preset() == "tiny");
    CHECK(next.line.effective_config() == first.line.effective_config());
    Line changed({"--run", folder.string(), "--preset", "cpu"});
    REQUIRE(changed.line.parse());
    CHECK(changed.config.tdr.width == 256);
    std::filesystem::remove_all(folder);
}

TEST_CASE("options: a missing configuration file is an io error") {
    Line test({"--config", "no/such/file.ini"});
    CHECK(contains(error_message([&] { test.line.parse(); }, ErrorKind::io), "no/such/file.ini"));
}

TEST_CASE("options: require fails if the option was not given") {
    Line test({});
    REQUIRE(test.line.parse());
    CHECK_THROWS_WITH_AS(test.line.require("run"),
                         "train tdr: --run is required: run folder; created if it does not exist", Error);
    Line given({"--run", "r"});
    REQUIRE(given.line.parse());
    CHECK_NOTHROW(given.line.require("run"));
}

TEST_CASE("options: help shows every option with default, range and source") {
    const Line test({});
    const std::string help = help_page(test.line);
    CHECK(contains(help, "--run TEXT"));
    CHECK(contains(help, "--planner.gap N"));
    CHECK(contains(help, "[default 16; an integer from 1 to 512; idea: paper; value: ours]"));
    CHECK(help.find("--augment.depth") == std::string::npos);
    CHECK(contains(markdown_page(test.line), "- `stop-after` = "));
    CHECK(contains(markdown_of_config(), "- `augment.depth` = `16`"));
    size_t start = 0;
    for (size_t end; (end = help.find('\n', start)) != std::string::npos; start = end + 1) CHECK(end - start <= 100);
}

TEST_CASE("options: commands are found by name; the error for a misspelt one suggests the most similar") {
    size_t used = 0;
    REQUIRE(find_command({"version", "--json"}, used) != nullptr);
    CHECK(used == 1);
    CHECK(find_command({"versoin"}, used) == nullptr);
    CHECK_THROWS_WITH_AS(refuse_command({"versoin"}), "unknown command 'versoin', did you mean 'version'?", Error);
    CHECK_THROWS_WITH_AS(refuse_command({"qqqqqqqqq"}), "unknown command 'qqqqqqqqq'; astro help lists the commands",
                         Error);
}

TEST_CASE("progress: line, plain log and terminal") {
    ProgressState state;
    state.stage = "tdr", state.step = 1200, state.total = 6000, state.steps_per_second = 100;
    state.loss = .01234, state.has_loss = true, state.peak_bytes = 120000000;
    CHECK(progress_line(state) == "tdr 1200/6000 20% 100.0/s ETA 0:48 loss 0.01234 120 MB");

    for (const bool terminal : {false, true}) {
        double now = 0;
        std::FILE* out = std::tmpfile();
        REQUIRE(out != nullptr);
        Progress::Options options;
        options.terminal = terminal, options.out = out, options.clock = [&now] { return now; };
        {
            Progress progress(options);
            progress.start("tdr", 100);
            for (int step = 1; step <= 30; ++step, now += 1) progress.update(step, 1.5);
            progress.finish("fine");
        }
        std::rewind(out);
        std::string written(4096, 0);
        written.resize(std::fread(&written[0], 1, written.size(), out));
        std::fclose(out);
        CHECK(contains(written, "tdr done in 30.0 s: fine\n"));
        CHECK((written.find('\r') != std::string::npos) == terminal);
        CHECK((written.find('\033') != std::string::npos) == terminal);
        if (!terminal) CHECK(std::count(written.begin(), written.end(), '\n') == 3);  // at 10 s, 20 s, the end
    }
}

// With the thread sanitizer, signals are delayed in the child of a process that has had threads, as other cases do.
#ifdef __SANITIZE_THREAD__
constexpr bool kSignalsDelayed = true;
#else
constexpr bool kSignalsDelayed = false;
#endif

TEST_CASE("signals: they end the process, in training after a checkpoint; a broken pipe is an error" *
          doctest::skip(kSignalsDelayed)) {
    const TemporaryFolder folder;
    const std::string path = folder / "unfinished";
    // The exit code of a process that raises these signals: no_end if they did not end it, 1 if a file is left.
    const int no_end = 9;
    auto code_after = [&](const std::vector<int>& signals, bool training, bool evaluation) {
        const pid_t child = fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            for (const int signal : {SIGINT, SIGTERM, SIGHUP}) std::signal(signal, SIG_DFL);
            if (freopen("/dev/null", "w", stderr) == nullptr) _exit(3);
            install_signal_handlers();
            int ends[2];
            if (interrupted() || pipe(ends) != 0) _exit(4);
            close(ends[0]);
            if (write(ends[1], "x", 1) != -1) _exit(5);
            const data::AtomicFile unfinished(path);
            std::optional<EndAfterCheckpoint> deferred;
            if (training) deferred.emplace();
            if (evaluation) const EndAtOnce ended;  // an earlier one has no effect
            std::optional<EndAtOnce> at_once;
            if (evaluation) at_once.emplace();
            for (const int signal : signals) std::raise(signal);
            if (!training || evaluation || signals.size() > 1 || !interrupted()) _exit(no_end);
            data::write_text_file(path, "saved");
            deferred.reset();
            _exit(no_end);
        }
        int status = 0;
        REQUIRE(waitpid(child, &status, 0) == child);
        REQUIRE(WIFEXITED(status));
        return std::filesystem::exists(path + text(data::kTemporaryMark, child)) ? 1 : WEXITSTATUS(status);
    };
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) CHECK(code_after({signal}, false, false) == kInterrupted);
    CHECK(code_after({SIGTERM}, true, true) == kInterrupted);
    CHECK(code_after({SIGINT, SIGTERM}, true, false) == kInterrupted);
    CHECK_FALSE(data::file_exists(path));
    CHECK(code_after({SIGTERM}, true, false) == kInterrupted);
    CHECK(data::read_text_file(path) == "saved");
}
