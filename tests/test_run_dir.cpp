// Run folders: other folders, locks, manifest, atomic files, and the metrics log after resuming.
#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "apps/run/metrics_log.h"
#include "apps/run/run_dir.h"
#include "data/file.h"
#include "data/json.h"
#include "data/zip.h"
#include "tests/error_message.h"
#include "tests/temporary_folder.h"

using namespace astro;
using namespace astro::app;

namespace {

namespace fs = std::filesystem;

void check_fails(ErrorKind kind, const std::string& part, const std::function<void()>& action) {
    CHECK(contains(error_message(action, kind), part));
}

size_t count(const std::string& words, const std::string& part) {
    size_t found = 0;
    for (size_t at = words.find(part); at != std::string::npos; at = words.find(part, at + 1)) ++found;
    return found;
}

}  // namespace

TEST_CASE("run folder: created, locked, reopened, with one manifest entry per session") {
    const TemporaryFolder folder;
    const std::string path = folder / "deep/run";
    Session session;
    session.command = "train tdr";
    session.arguments = {"--data", "a \"quoted\" name.npz"};
    session.datasets = {{"a.npz", 123, 0xFFFFFFFFu}};
    {
        RunFolder run(path);
        run.record_session(session, "seed = 1\n");
        check_fails(ErrorKind::io, "in use", [&] { RunFolder second(path); });
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

TEST_CASE("run folder: other folders, files and damaged manifests are rejected") {
    const TemporaryFolder folder;
    std::ofstream(folder / "thesis.txt") << "mine";
    check_fails(ErrorKind::usage, "contains thesis.txt", [&] { RunFolder run(folder.path); });
    CHECK(fs::exists(folder / "thesis.txt"));
    CHECK_FALSE(fs::exists(folder / "lock"));
    check_fails(ErrorKind::io, "thesis.txt", [&] { RunFolder run(folder / "thesis.txt"); });
    check_fails(ErrorKind::io, "cannot create run folder", [&] { RunFolder run("/proc/astro_run"); });
    check_fails(ErrorKind::usage, "--run", [&] { RunFolder run(""); });

    fs::create_directories(folder / "run");
    std::ofstream(folder / "run/manifest.json") << "{\"format\": \"astro run\"";
    RunFolder run(folder / "run");
    check_fails(ErrorKind::data, "manifest.json", [&] { run.record_session({}, ""); });
    CHECK_FALSE(fs::exists(folder / "run/config.ini"));
}

TEST_CASE("files: written completely or not at all") {
    const TemporaryFolder folder;
    const std::string path = folder / "file";
    data::write_text_file(path, "one");
    data::write_text_file(path, std::string("two\0three", 9));
    CHECK(data::read_text_file(path) == std::string("two\0three", 9));
    CHECK(folder.files() == 1);
    check_fails(ErrorKind::io, "cannot create", [&] { data::write_text_file(folder / "no/folder", "x"); });
    fs::create_directories(folder / "taken/by folder");
    check_fails(ErrorKind::io, "cannot write", [&] { data::write_text_file(folder / "taken", "x"); });
    CHECK(folder.files() == 2);
    check_fails(ErrorKind::io, "cannot open", [&] { data::read_text_file(folder / "absent"); });
}

TEST_CASE("metrics: a resumed stage gives the same rows as an uninterrupted one; stages share the file") {
    const TemporaryFolder folder;
    const std::string path = folder / "metrics.csv";
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
    // A writer was killed while it wrote a line.
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

    MetricsLog(path, "tdr", -1, clock).flush();  // a stage that is started again removes its rows
    CHECK(read_metrics(path).size() == 1);
}

TEST_CASE("metrics: errors for damaged files name the line") {
    const TemporaryFolder folder;
    const std::string path = folder / "metrics.csv";
    for (const char* line : {"1,2,a", "x,2,a/b,1", "1,,a/b,1", "1,2,,1", "1,2,a/b,", "1,2,a/b,1x"}) {
        CAPTURE(line);
        std::ofstream(path) << "step,wall_s,key,value\n1,2,a/b,3\n" << line << "\n";
        check_fails(ErrorKind::data, "metrics.csv:3", [&] { read_metrics(path); });
    }
    std::ofstream(path) << "step,value\n";
    check_fails(ErrorKind::data, "metrics.csv:1", [&] { read_metrics(path); });
}

TEST_CASE("run folder: folders that were created for a refused command are removed") {
    const TemporaryFolder folder;
    { RunFolder run(folder / "deep/run"); }
    CHECK_FALSE(fs::exists(folder / "deep"));
    fs::create_directories(folder / "mine");
    { RunFolder run(folder / "mine"); }
    CHECK(fs::exists(folder / "mine"));
    {
        RunFolder run(folder / "kept/run");
        data::write_text_file(run.file("results.json"), "{}");
    }
    CHECK(fs::exists(folder / "kept/run/results.json"));
    check_fails(ErrorKind::usage, "not a run folder", [&] { RunFolder run(folder / "none", Access::read); });
    CHECK_FALSE(fs::exists(folder / "none"));
}

TEST_CASE("run folder: a data set that was moved together with it is found, if its content is the same") {
    const TemporaryFolder folder;
    fs::create_directories(folder / "a");
    data::write_text_file(folder / "a/d.npz", "data");
    Session session;
    session.datasets = {{folder / "a/d.npz", 4, data::file_crc32(folder / "a/d.npz")}};
    RunFolder(folder / "a/run").record_session(session, "");
    CHECK_FALSE(find_moved_dataset(folder / "a/run", folder / "a/d.npz").has_value());  // it is where it was
    fs::rename(folder / "a", folder / "b");
    CHECK(find_moved_dataset(folder / "b/run", folder / "a/d.npz") == folder / "b/d.npz");
    CHECK_FALSE(find_moved_dataset(folder / "b/run", folder / "a/other.npz").has_value());
    data::write_text_file(folder / "b/d.npz", "beta");
    CHECK_FALSE(find_moved_dataset(folder / "b/run", folder / "a/d.npz").has_value());
}
