// Run folders: foreign folders, locks, manifest, atomic files, and the metrics log through a resume.
#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "apps/run/metrics_log.h"
#include "apps/run/run_dir.h"
#include "data/file.h"
#include "data/json.h"
#include "tensor/base/error.h"

using namespace astro;
using namespace astro::app;

namespace {

namespace fs = std::filesystem;

// An empty place below the temporary folder, removed at the end of a test.
struct Place {
    fs::path path = fs::temp_directory_path() / "astro_test_run_dir";
    Place() {
        fs::remove_all(path);
        fs::create_directories(path);
    }
    ~Place() { fs::remove_all(path); }
    std::string file(const std::string& name) const { return (path / name).string(); }
};

template <class Action>
void check_fails(ErrorKind kind, const std::string& part, Action action) {
    try {
        action();
        FAIL("accepted");
    } catch (const Error& error) {
        CHECK(error.kind() == kind);
        INFO(error.what());
        CHECK(std::string(error.what()).find(part) != std::string::npos);
    }
}

size_t count(const std::string& words, const std::string& part) {
    size_t found = 0;
    for (size_t at = words.find(part); at != std::string::npos; at = words.find(part, at + 1)) ++found;
    return found;
}

}  // namespace

TEST_CASE("run folder: made, locked, reopened, with one manifest entry a session") {
    const Place place;
    const std::string path = place.file("deep/run");
    Session session;
    session.command = "train tdr";
    session.arguments = {"--data", "a \"quoted\" name.npz"};
    session.datasets = {{"a.npz", 123, 0xFFFFFFFFu}};
    {
        RunFolder run(path);
        run.record_session(session, "seed = 1\n");
        check_fails(ErrorKind::io, "in use", [&] { RunFolder second(path); });
        CHECK(fs::is_directory(run.checkpoints("tdr")));
        CHECK(run.checkpoints("tdr") == path + "/checkpoints/tdr");
    }
    data::write_text_file(path + "/manifest.json.partial-7", "{");  // of a process that was killed
    RunFolder again(path);
    CHECK_FALSE(fs::exists(path + "/manifest.json.partial-7"));
    session.resumed = true;
    again.record_session(session, "seed = 2\n");
    CHECK(data::read_text_file(path + "/config.ini") == "seed = 2\n");
    const std::string manifest = data::read_text_file(path + "/manifest.json");
    CHECK(count(manifest, "\"command\": \"train tdr\"") == 2);
    CHECK(count(manifest, "\"resumed\": false") == 1);
    CHECK(count(manifest, "\"resumed\": true") == 1);
    CHECK(count(manifest, "\"a \\\"quoted\\\" name.npz\"") == 2);
    CHECK(count(manifest, "\"crc32\": 4294967295") == 2);
    CHECK(data::Json::parse(manifest, "manifest").at("sessions").elements().size() == 2);
}

TEST_CASE("run folder: other folders, files and damaged manifests are refused") {
    const Place place;
    std::ofstream(place.file("thesis.txt")) << "mine";
    check_fails(ErrorKind::usage, "contains thesis.txt", [&] { RunFolder run(place.path.string()); });
    CHECK(fs::exists(place.file("thesis.txt")));
    CHECK_FALSE(fs::exists(place.file("lock")));
    check_fails(ErrorKind::io, "thesis.txt", [&] { RunFolder run(place.file("thesis.txt")); });
    check_fails(ErrorKind::io, "cannot create run folder", [&] { RunFolder run("/proc/astro_run"); });
    check_fails(ErrorKind::usage, "--run", [&] { RunFolder run(""); });

    fs::create_directories(place.path / "run");
    std::ofstream(place.file("run/manifest.json")) << "{\"format\": \"astro run\"";
    RunFolder run(place.file("run"));
    check_fails(ErrorKind::data, "manifest.json", [&] { run.record_session({}, ""); });
    CHECK_FALSE(fs::exists(place.file("run/config.ini")));
}

TEST_CASE("files: written whole or not at all") {
    const Place place;
    const std::string path = place.file("file");
    data::write_text_file(path, "one");
    data::write_text_file(path, std::string("two\0three", 9));
    CHECK(data::read_text_file(path) == std::string("two\0three", 9));
    CHECK(std::distance(fs::directory_iterator(place.path), fs::directory_iterator()) == 1);
    check_fails(ErrorKind::io, "cannot create", [&] { data::write_text_file(place.file("no/folder"), "x"); });
    fs::create_directories(place.path / "taken" / "by folder");
    check_fails(ErrorKind::io, "cannot write", [&] { data::write_text_file(place.file("taken"), "x"); });
    CHECK(std::distance(fs::directory_iterator(place.path), fs::directory_iterator()) == 2);
    check_fails(ErrorKind::io, "cannot open", [&] { data::read_text_file(place.file("absent")); });
}

TEST_CASE("metrics: a resumed stage leaves the rows of one that ran through; stages may have a log in turn") {
    const Place place;
    const std::string path = place.file("metrics.csv");
    double now = 1000;
    const auto clock = [&now] { return now; };
    {
        MetricsLog other(path, "tdr2", -1, clock), tdr(path, "tdr", -1, clock);
        other.add(900, "loss", 2);
        other.flush();
        tdr.add(0, "loss", 1.5);
        for (int64_t step = 100; step <= 300; step += 100) {
            now += 10;
            tdr.add(step, "loss", 1 / static_cast<double>(step));
        }
        tdr.flush();
    }
    // A writer killed within a line.
    std::ofstream(path, std::ios::app) << "400,40,tdr/lo";
    now = 5000;
    {
        MetricsLog tdr(path, "tdr", 200, clock);
        now += 10;
        tdr.add(300, "loss", std::nan(""));
        tdr.flush();
    }
    const std::vector<MetricRow> rows = read_metrics(path);
    REQUIRE(rows.size() == 5);
    CHECK(rows[0].key == "tdr2/loss");
    CHECK(rows[0].step == 900);
    CHECK(rows[3].step == 200);
    CHECK(rows[3].value == 1 / 200.);
    CHECK(rows[4].step == 300);
    CHECK(rows[4].wall_s == 30);  // 20 s before, 10 s after the resume
    CHECK(std::isnan(rows[4].value));

    MetricsLog(path, "tdr", -1, clock).flush();  // a stage that starts anew drops all its rows
    CHECK(read_metrics(path).size() == 1);
}

TEST_CASE("metrics: damaged files are refused with the line") {
    const Place place;
    const std::string path = place.file("metrics.csv");
    for (const char* line : {"1,2,a", "x,2,a/b,1", "1,,a/b,1", "1,2,,1", "1,2,a/b,", "1,2,a/b,1x"}) {
        CAPTURE(line);
        std::ofstream(path) << "step,wall_s,key,value\n1,2,a/b,3\n" << line << "\n";
        check_fails(ErrorKind::data, "metrics.csv:3", [&] { read_metrics(path); });
    }
    std::ofstream(path) << "step,value\n";
    check_fails(ErrorKind::data, "metrics.csv:1", [&] { read_metrics(path); });
}
