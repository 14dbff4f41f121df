// Data sets: loading, errors, names, OGBench's transitions, labels, goals, findings.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "data/dataset_load.h"
#include "data/dataset_name.h"
#include "data/goal_sampling.h"
#include "data/npz.h"
#include "data/relabel.h"
#include "data/validate.h"
#include "tests/error_message.h"
#include "tests/temporary_folder.h"

using namespace astro;
using namespace astro::data;

namespace {

const std::string kFixture = "tests/fixtures/npz/numpy1.24_py3.11.2_compressed.npz";

// Episodes of the given lengths: x is the number of the row, y that of the episode.
Dataset numbered_rows(const std::vector<int64_t>& lengths) {
    Dataset data;
    data.state_dim = data.action_dim = data.qpos_dim = data.qvel_dim = 2;
    for (size_t e = 0; e < lengths.size(); ++e) {
        for (int64_t i = 0; i < lengths[e]; ++i) {
            float x = static_cast<float>(data.rows++), y = static_cast<float>(e);
            data.observations.insert(data.observations.end(), {x, y});
            data.qpos.insert(data.qpos.end(), {x, y});
            data.qvel.insert(data.qvel.end(), {0.0f, 0.5f});
            data.actions.insert(data.actions.end(), {x / 100, -1.0f});
            data.terminals.push_back(i + 1 == lengths[e]);
        }
    }
    index_episodes(data);
    return data;
}

int count(const std::vector<Finding>& findings, Severity severity, const std::string& part) {
    return static_cast<int>(std::count_if(findings.begin(), findings.end(), [&](const Finding& f) {
        return f.severity == severity && f.message.find(part) != std::string::npos;
    }));
}

}  // namespace

TEST_CASE("data set: a NumPy file, loaded with one and with two threads") {
    Dataset data = load_dataset(kFixture);
    CHECK(data.rows == 104);
    CHECK(data.state_dim == 2);
    CHECK(data.action_dim == 2);
    CHECK(data.qpos_dim == 2);
    CHECK(data.observation(0)[0] == 11.90243f);
    CHECK(data.action(0)[1] == 0.67566234f);
    CHECK(data.episode_start.front() == 0);
    CHECK(data.episode_start.back() == 104);
    ThreadPool pool(2);
    Dataset again = load_dataset(kFixture, &pool);
    CHECK(again.observations == data.observations);
    CHECK(again.terminals == data.terminals);
    CHECK(again.episode_of == data.episode_of);
    Dataset part = load_dataset(kFixture, &pool, Parts::transitions);
    CHECK(part.observations == data.observations);
    CHECK(part.actions == data.actions);
    CHECK(part.terminals == data.terminals);
    CHECK(part.episode_start == data.episode_start);
    CHECK((part.qpos.empty() && part.qvel.empty() && part.qpos_dim == 0 && part.qvel_dim == 0));
}

TEST_CASE("data set: saving and loading gives the same data and bytes, with and without augmented arrays") {
    TemporaryFolder folder;
    ThreadPool pool(3);
    for (bool augmented : {false, true}) {
        Dataset data = numbered_rows({5, 2, 4});
        if (augmented) {
            data.is_synthetic = {0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0};
            data.bridge = {-1, -1, 0, 0, -1, -1, -1, -1, -1, -1, -1};
            data.source_row = {0, 1, 2, 2, 9, 5, 6, 7, 8, 9, int64_t{1} << 40};
            data.target_row = {-1, -1, 9, 9, -1, -1, -1, -1, -1, -1, -1};
            data.arrival_error = {0, 0, 0.25f, 0.25f, 0, 0, 0, 0, 0, 0, 0};
            data.sigma_delta = {1.0f, 0.5f};
        }
        save_dataset(folder / "a.npz", data, &pool);
        Dataset loaded = load_dataset(folder / "a.npz");
        CHECK(loaded.observations == data.observations);
        CHECK(loaded.actions == data.actions);
        CHECK(loaded.terminals == data.terminals);
        CHECK(loaded.qpos == data.qpos);
        CHECK(loaded.qvel == data.qvel);
        CHECK(loaded.is_synthetic == data.is_synthetic);
        CHECK(loaded.bridge == data.bridge);
        CHECK(loaded.source_row == data.source_row);
        CHECK(loaded.target_row == data.target_row);
        CHECK(loaded.arrival_error == data.arrival_error);
        CHECK(loaded.sigma_delta == data.sigma_delta);
        CHECK(loaded.episode_start == data.episode_start);
        save_dataset(folder / "b.npz", loaded);
        CHECK((read_text_file(folder / "a.npz") == read_text_file(folder / "b.npz")));
        NpzReader reader(folder / "a.npz");
        CHECK(reader.entry("observations").header.descr == "<f4");
        CHECK(reader.entry("terminals").header.descr == "|b1");
        CHECK(reader.entries().size() == (augmented ? 11 : 5));
        if (augmented) CHECK(reader.entry("bridge").header.descr == "<i8");
    }
}

TEST_CASE("data set: qpos with the same bytes as the observations is recognised; equal numbers are not enough") {
    TemporaryFolder folder;
    Dataset data = numbered_rows({900, 2, 40});
    data.observations[1] = data.qpos[1] = 0.0f;
    for (bool equal : {true, false}) {
        if (!equal) data.qpos[1] = -0.0f;  // equal as a number, not as bytes
        save_dataset(folder / "a.npz", data);
        NpzReader reader(folder / "a.npz");
        CHECK(reader.same_bytes(reader.entry("qpos"), reader.entry("observations")) == equal);
        CHECK(reader.read("qpos").bytes == NpyArray::from<float>({data.rows, 2}, data.qpos).bytes);
        for (int threads : {1, 2, 3}) {
            ThreadPool pool(threads);
            Dataset loaded = load_dataset(folder / "a.npz", &pool);
            CHECK(loaded.qpos == data.qpos);
            CHECK(std::signbit(loaded.qpos[1]) == !equal);
            CHECK(loaded.qvel == data.qvel);
            save_dataset(folder / "b.npz", loaded, &pool);
            CHECK((read_text_file(folder / "a.npz") == read_text_file(folder / "b.npz")));
        }
    }
}

TEST_CASE("data set: other types are converted, and (N, 1) arrays become vectors") {
    TemporaryFolder folder;
    NpzWriter writer(folder / "a.npz");
    writer.add("observations", NpyArray::from<double>({3, 1}, {0.5, 1, 2}), Compression::stored);
    writer.add("actions", NpyArray::from<double>({3, 2}, {0, 1, 2, 3, 4, 5}), Compression::stored);
    writer.add("terminals", NpyArray::from<double>({3, 1}, {0, 0, 1}), Compression::stored);
    writer.close();
    Dataset data = load_dataset(folder / "a.npz");
    CHECK(data.observations == std::vector<float>{0.5f, 1, 2});
    CHECK(data.actions == std::vector<float>{0, 1, 2, 3, 4, 5});
    CHECK(data.terminals == std::vector<uint8_t>{0, 0, 1});
    CHECK(data.qpos.empty());
}

TEST_CASE("data set: errors name the array and the row") {
    TemporaryFolder folder;
    const std::string path = folder / "a.npz";
    NpyArray observations = NpyArray::from<float>({3, 2}, {0, 1, 2, 3, 4, 5});
    NpyArray actions = observations, terminals = NpyArray::from<uint8_t>({3}, {0, 0, 1});
    auto load_error = [&](NpyArray o, NpyArray a, NpyArray t) {
        NpzWriter writer(path);
        if (!o.bytes.empty()) writer.add("observations", o, Compression::stored);
        if (!a.bytes.empty()) writer.add("actions", a, Compression::stored);
        if (!t.bytes.empty()) writer.add("terminals", t, Compression::stored);
        writer.close();
        std::string message = error_message([&] { load_dataset(path); });
        if (!message.empty()) CHECK(contains(message, path));
        return message;
    };
    const float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
    CHECK(load_error(observations, actions, terminals).empty());
    CHECK(contains(load_error({}, actions, terminals), "no array 'observations'; it has: actions, terminals"));
    CHECK(contains(load_error(observations, {}, terminals), "no array 'actions'"));
    CHECK(contains(load_error(observations, actions, {}), "expected 'terminals'"));
    CHECK(contains(load_error(NpyArray::from<float>({3, 2}, {0, 1, 2, nan, 4, nan}), actions, terminals),
                   "'observations' row 1, column 1: nan, expected finite numbers (2 such rows)"));
    CHECK(contains(load_error(observations, NpyArray::from<float>({3, 2}, {0, 1, 2, -infinity, 4, 5}), terminals),
                   "'actions' row 1, column 1: -inf"));
    CHECK(contains(load_error(observations, NpyArray::from<float>({1, 2}, {0, 1}), terminals),
                   "'actions': 1 rows, observations has 3 and 1 episode: expected 3, or 2"));
    CHECK(contains(load_error(observations, NpyArray::from<float>({}, {0}), terminals), "expected (rows, columns)"));
    CHECK(contains(load_error(NpyArray::from<float>({3, 1, 2}, {0, 1, 2, 3, 4, 5}), actions, terminals),
                   "reshape it to"));
    CHECK(contains(load_error(NpyArray::from<float>({3, 1, 1, 2}, {0, 1, 2, 3, 4, 5}), actions, terminals), "images"));
    CHECK(contains(load_error(observations, actions, NpyArray::from<uint8_t>({4}, {0, 0, 0, 1})), "shape (4,)"));
    CHECK(contains(load_error(observations, actions, NpyArray::from<uint8_t>({3}, {0, 2, 1})),
                   "row 1: 2, expected 0 or 1"));
    CHECK(contains(load_error(observations, actions, NpyArray::from<float>({3}, {0, 0.5f, 1})),
                   "array 'terminals' row 1: 0.5, expected 0 or 1"));
    CHECK(
        contains(load_error(observations, actions, NpyArray::from<uint8_t>({3}, {0, 0, 0})), "no row ends an episode"));
    CHECK(error_message([&] { load_dataset(folder / "none.npz"); }, ErrorKind::io) ==
          folder / "none.npz" + ": cannot open: No such file or directory");
}

TEST_CASE("data set: the regular view has the same transitions as OGBench") {
    Dataset data = numbered_rows({4, 1, 3});
    CHECK(data.episodes() == 3);
    CHECK(data.episode_start == std::vector<int64_t>{0, 4, 5, 8});
    CHECK(data.episode_end(0) == 3);
    RegularView view = regular_view(data);
    CHECK(view.rows == std::vector<int64_t>{0, 1, 2, 5, 6});
    CHECK(view.terminals == std::vector<uint8_t>{0, 0, 1, 0, 1});
}

TEST_CASE("data set: names give paths, environments and tasks") {
    TemporaryFolder folder;
    for (const char* file : {"pointmaze-medium-stitch-v0.npz", "pointmaze-medium-stitch-v0-val.npz",
                             "antmaze-large-navigate-v0.npz", "antsoccer-arena-stitch-v0.npz", "mine.npz"}) {
        write_text_file(folder / file, "");
    }
    auto resolve = [&](const std::string& name) { return resolve_dataset(name, folder.path); };
    DatasetName plain = resolve("pointmaze-medium-stitch-v0");
    CHECK(plain.path == folder / "pointmaze-medium-stitch-v0.npz");
    CHECK(plain.val_path == folder / "pointmaze-medium-stitch-v0-val.npz");
    CHECK(plain.environment == "pointmaze-medium-v0");
    CHECK(plain.singletask_task == 0);
    CHECK_FALSE(plain.oracle_representation);
    DatasetName task = resolve("antmaze-large-navigate-singletask-task3-v0");
    CHECK(task.path == folder / "antmaze-large-navigate-v0.npz");
    CHECK(task.val_path.empty());
    CHECK(task.environment == "antmaze-large-v0");
    CHECK(task.singletask_task == 3);
    CHECK(resolve("antmaze-large-navigate-singletask-v0").singletask_task == 1);
    CHECK(resolve("antsoccer-arena-stitch-singletask-v0").singletask_task == 4);
    DatasetName oracle = resolve("antmaze-large-navigate-oraclerep-v0");
    CHECK(oracle.path == folder / "antmaze-large-navigate-v0.npz");
    CHECK(oracle.environment == "antmaze-large-v0");
    CHECK(oracle.oracle_representation);
    CHECK(resolve(folder / "mine.npz").environment.empty());
    // D4RL names a data set as its environment.
    write_text_file(folder / "maze2d-umaze-v1.npz", "");
    CHECK(resolve("maze2d-umaze-v1").environment == "maze2d-umaze-v1");
    CHECK(resolve(folder / "maze2d-umaze-v1.npz").environment == "maze2d-umaze-v1");
    CHECK(resolve(folder / "pointmaze-medium-stitch-v0.npz").val_path == plain.val_path);
    CHECK(resolve(folder / "pointmaze-medium-stitch-v0-val.npz").val_path.empty());
    CHECK(resolve(folder / "pointmaze-medium-stitch-v0-val.npz").environment == "pointmaze-medium-v0");

    CHECK(contains(error_message([&] { resolve("pointmaze-giant-stitch-v0"); }, ErrorKind::io),
                   "no file " + (folder / "pointmaze-giant-stitch-v0.npz")));
    CHECK(contains(error_message([&] { resolve("pointmaze"); }, ErrorKind::usage), "neither a file"));
    CHECK(contains(error_message([&] { resolve("antmaze-large-navigate-singletask-task6-v0"); }, ErrorKind::usage),
                   "'task6'"));
    CHECK(contains(error_message([&] { resolve("cube-single-play-singletask-v0"); }, ErrorKind::usage), "which task"));
    CHECK(contains(error_message([&] { resolve(folder / "none.npz"); }, ErrorKind::io), "no file"));
}

TEST_CASE("labels: reward and mask depend on s, from qpos if there is one") {
    Dataset data = numbered_rows({4, 3});  // x = 0..6
    TaskLabels labels = relabel_singletask(data, *find_environment("pointmaze-medium-v0"), {2.0, 0.0});
    CHECK(labels.rewards == std::vector<float>{-1, 0, 0, 0, -1, -1, -1});
    CHECK(labels.masks == std::vector<float>{1, 0, 0, 0, 1, 1, 1});
    CHECK(labels.successes == 2);  // row 3 ends its episode: no transition leaves it
    data.qpos[0] = 2.5f;
    CHECK(relabel_singletask(data, *find_environment("pointmaze-medium-v0"), {2.0, 0.0}).rewards[0] == 0.0f);
    data.qpos.clear();
    CHECK(relabel_singletask(data, *find_environment("pointmaze-medium-v0"), {2.0, 0.0}).rewards[0] == -1.0f);
}

TEST_CASE("goals: a random row is the row of the regular view at the drawn index") {
    for (const std::vector<int64_t>& lengths :
         {std::vector<int64_t>{2}, {1, 5}, {5, 1}, {1, 1, 3, 1, 1, 2, 1}, {6, 1, 11}, {7, 7, 7, 7, 7}}) {
        const Dataset data = numbered_rows(lengths);
        const std::vector<int64_t> rows = regular_view(data).rows;
        const GoalSampler sampler(data, .5);
        Rng drawn(4), places(4);
        for (int i = 0; i < 200; ++i)
            CHECK(sampler.random_row(drawn) ==
                  rows[static_cast<size_t>(places.below(static_cast<int64_t>(rows.size())))]);
    }
    const Dataset none = numbered_rows({1, 1});
    CHECK(contains(error_message([&] { GoalSampler(none, .5); }), "no transitions"));
}

TEST_CASE("goals: each kind follows its distribution and stays in its episode") {
    Dataset data = numbered_rows({6, 1, 11});  // transitions leave rows 0..4 and 7..16
    GoalSampler sampler(data, 0.75);
    Rng rng(3);
    const int n = 40'000;
    std::vector<int> geometric(18), uniform(18), random(18);
    for (int i = 0; i < n; ++i) {
        ++geometric[static_cast<size_t>(sampler.geometric_goal(8, rng))];
        ++uniform[static_cast<size_t>(sampler.uniform_goal(12, rng))];
        ++random[static_cast<size_t>(sampler.random_row(rng))];
    }
    double p = 0.25;  // geometric: row 9 with probability p, ..., row 16 (the last transition) with the rest
    for (size_t row = 0; row < 18; ++row) {
        double g = row < 9 || row > 16 ? 0 : row == 16 ? std::pow(1 - p, 7) : p * std::pow(1 - p, double(row) - 9);
        // uniform over 13..16 before rounding: the first and the last row get half
        double u = row < 13 || row > 16 ? 0 : row == 13 || row == 16 ? 1.0 / 6 : 1.0 / 3;
        double r = row < 5 || (row >= 7 && row < 17) ? 1.0 / 15 : 0;
        CAPTURE(row);
        CHECK(std::abs(geometric[row] / double(n) - g) < (g == 0 ? 1e-12 : 0.01));
        CHECK(std::abs(uniform[row] / double(n) - u) < (u == 0 ? 1e-12 : 0.01));
        CHECK(std::abs(random[row] / double(n) - r) < (r == 0 ? 1e-12 : 0.01));
    }
    CHECK(sampler.geometric_goal(16, rng) == 16);
    CHECK(sampler.uniform_goal(16, rng) == 16);
    constexpr GoalShares kValueGoals = {0.2, 0.5, 0.3, true}, kActorGoals = {0, 1, 0, false};
    int current = 0, trajectory = 0, other = 0;
    for (int i = 0; i < n; ++i) {
        int64_t goal = sampler.sample(0, kValueGoals, rng);
        (goal == 0 ? current : goal < 6 ? trajectory : other) += 1;
    }
    CHECK(std::abs(current / double(n) - (0.2 + 0.3 / 15)) < 0.01);
    CHECK(std::abs(trajectory / double(n) - (0.5 + 0.3 * 4 / 15)) < 0.01);
    CHECK(std::abs(other / double(n) - 0.3 * 10 / 15) < 0.01);
    for (int i = 0; i < 100; ++i) CHECK(sampler.sample(3, kActorGoals, rng) == 4);
    Rng first(9), second(9);
    for (int i = 0; i < 100; ++i)
        CHECK(sampler.sample(8, kValueGoals, first) == sampler.sample(8, kValueGoals, second));
    CHECK_THROWS_AS(sampler.sample(5, kValueGoals, rng), Error);  // an episode's last row has no transition
}

TEST_CASE("findings: each defect of a data set is reported") {
    Dataset data = numbered_rows(std::vector<int64_t>(10, 30));
    for (size_t i = 0; i < data.actions.size(); i += 2) data.actions[i + 1] = i % 4 == 0 ? -1.0f : 0.5f;
    std::vector<Finding> good = validate(data);
    CHECK(count(good, Severity::info, "300 rows, 10 episodes of 30 rows, 290 transitions") == 1);
    CHECK(count(good, Severity::info, "observations[0]: 0 .. 299") == 1);
    CHECK(count(good, Severity::info, "actions: 25.17 % at the limits -1 and 1, 33.17 % outside") == 1);
    CHECK(count(good, Severity::warning, "") == 2);  // actions reach 2.99
    CHECK(count(good, Severity::warning, "observations[1] never changes within an episode") == 1);

    data.observations[2 * 100] = 500;  // one displaced row gives two jumps
    data.observations[2 * 40 + 1] = std::numeric_limits<float>::quiet_NaN();
    for (size_t i = 1; i < data.actions.size(); i += 2) data.actions[i] = 0.5f;
    std::vector<Finding> bad = validate(data);
    CHECK(count(bad, Severity::warning, "2 jumps") == 1);
    CHECK(count(bad, Severity::warning, "rows 99, 100") == 1);
    CHECK(count(bad, Severity::error, "observations[1]: 1 values are NaN") == 1);
    CHECK(count(bad, Severity::warning, "actions[1]: the same value 0.5") == 1);
    CHECK(count(bad, Severity::warning, "outside [-1, 1]") == 1);
    CHECK(count(validate(numbered_rows({3, 1, 4})), Severity::warning,
                "1 episodes of a single row have no transition: rows 3") == 1);
}

TEST_CASE("findings: defects of labels are reported") {
    Dataset data = numbered_rows({4, 4});
    TaskLabels labels = relabel_singletask(data, *find_environment("pointmaze-medium-v0"), {2.0, 0.0});
    CHECK(count(validate_labels(data, labels.rewards, labels.masks), Severity::warning, "") == 0);
    labels = relabel_singletask(data, *find_environment("pointmaze-medium-v0"), {100.0, 0.0});
    CHECK(count(validate_labels(data, labels.rewards, labels.masks), Severity::warning, "no success") == 1);
    std::vector<float> masks = {1, 1, 1, 0, 1, 1, 1, 0};
    CHECK(count(validate_labels(data, labels.rewards, masks), Severity::warning, "truncations") == 1);
    masks[0] = 0.5f;
    CHECK(count(validate_labels(data, labels.rewards, masks), Severity::error, "neither 0 nor 1") == 1);
    masks.pop_back();
    CHECK(count(validate_labels(data, labels.rewards, masks), Severity::error, "7 masks for 8 rows") == 1);
}

TEST_CASE("findings: arrays of a file, unsupported types, missing arrays") {
    std::vector<Finding> findings = inspect_file(kFixture);
    CHECK(count(findings, Severity::info, "array terminals: bool (104,), compressed") == 1);
    CHECK(count(findings, Severity::error, "") == 0);
    findings = inspect_file("tests/fixtures/npz/odd_dtypes.npz");
    CHECK(count(findings, Severity::info, "array c: <c16 (2,), compressed (dtype not supported: skipped)") == 1);
    CHECK(count(findings, Severity::error, "no array 'observations'") == 1);
    CHECK_THROWS_AS(inspect_file("tests/fixtures/npz/leading_junk.npz"), Error);
}

TEST_CASE("data set: OGBench's pointmaze-medium-stitch file, if it is available") {
    const std::string folder = "../shared/data/ogbench";
    if (!std::filesystem::exists(folder + "/pointmaze-medium-stitch-v0.npz")) {
        MESSAGE("skipped: no " << folder << "/pointmaze-medium-stitch-v0.npz");
        return;
    }
    DatasetName name = resolve_dataset("pointmaze-medium-stitch-v0", folder);
    ThreadPool pool(2);
    Dataset data = load_dataset(name.path, &pool);
    CHECK(data.rows == 1'005'000);
    CHECK(data.episodes() == 5000);
    CHECK(data.episode_end(0) == 200);
    CHECK(regular_view(data).rows.size() == 1'000'000);
    CHECK(load_dataset(name.val_path, &pool).episodes() == 500);
    // Rows with reward 0 for tasks 1 to 5: .46, .55, 3.80, 1.26 and 1.19 %. This goal is that of task 3.
    const TaskLabels labels = relabel_singletask(data, *find_environment("pointmaze-medium-v0"), {4.0, 12.0});
    CHECK(std::abs(static_cast<double>(labels.successes) / 1e6 - 0.038) < 0.0002);
}
