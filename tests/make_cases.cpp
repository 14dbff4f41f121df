// Writes the files for the test scripts in tests/cli to the folder given by ASTRO_CASES. Skipped by default.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "data/checkpoint.h"
#include "data/dataset_load.h"
#include "data/environment.h"
#include "tensor/base/error.h"
#include "tests/boats.h"

using namespace astro;
using namespace astro::data;

namespace {

Members members_of(const Boats& b) {
    return {{"observations", b.observation_array()}, {"actions", b.action_array()}, {"terminals", b.end_array()}};
}

std::string folder_of_cases() {
    const char* wanted = std::getenv("ASTRO_CASES");
    REQUIRE(wanted != nullptr);
    return std::string(wanted) + "/";
}

// Episodes of x' = x + .2 B u with any numbers of state columns and action columns. B_ij is 1 if i and j are equal
// modulo the smaller of the two numbers, else 0. u and the first states are those of boats().
Boats linear_system(int64_t states, int64_t actions) {
    const int64_t smaller = std::min(states, actions), most = std::max(states, actions);
    const Boats wide = boats(std::vector<int64_t>(40, 81), most);
    Boats b = wide;
    b.states = states, b.action_columns = actions;
    b.observations.clear(), b.actions.clear();
    std::vector<double> x;
    for (int64_t t = 0; t < b.rows; ++t) {
        const float* first = wide.observations.data() + t * most;
        const float* u = wide.actions.data() + t * most;
        if (t == 0 || wide.ends[static_cast<size_t>(t - 1)]) x.assign(first, first + states);
        for (double value : x) b.observations.push_back(static_cast<float>(value));
        b.actions.insert(b.actions.end(), u, u + actions);
        for (int64_t i = 0; i < states; ++i)
            for (int64_t j = 0; j < actions; ++j)
                if (i % smaller == j % smaller) x[static_cast<size_t>(i)] += .2 * double(u[j]);
    }
    return b;
}

// Arrays of consistent sizes that unpack to much more than the size of the file.
void write_zeros(const std::string& path) {
    const std::vector<float> zeros(34'000'000 * 2);
    const std::vector<uint8_t> ends(34'000'000, 0);
    NpzWriter writer(path);
    for (const char* key : {"observations", "actions"})
        writer.add(key, NpyType::f4, {34'000'000, 2}, zeros.data(), Compression::deflated);
    writer.add("terminals", NpyType::b1, {34'000'000}, ends.data(), Compression::deflated);
    writer.close();
}

// The content of a .npy file of Python objects, which NumPy writes with pickle.
std::string object_array() {
    std::string header = "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }";
    header.resize(117, ' ');
    header += "\n";
    return std::string("\x93NUMPY\x01\x00", 8) + static_cast<char>(header.size()) + std::string(1, '\0') + header +
           "\x80\x03N.";
}

// The content of a .npy file of these float32 observations in Fortran order, column by column.
std::string fortran_array(const Boats& b) {
    std::string header = text("{'descr': '<f4', 'fortran_order': True, 'shape': (", b.rows, ", ", b.states, "), }");
    header.resize(117, ' ');
    std::string content = std::string("\x93NUMPY\x01\x00", 8) + static_cast<char>(header.size() + 1) +
                          std::string(1, '\0') + header + "\n";
    for (int64_t i = 0; i < b.states; ++i)
        for (int64_t t = 0; t < b.rows; ++t) {
            char bytes[4];
            std::memcpy(bytes, b.observations.data() + t * b.states + i, 4);
            content.append(bytes, 4);
        }
    return content;
}

// A data set with these qpos and qvel: the observations, cut to `positions` columns, and `velocities` columns of zeros.
void save_with_qpos(const std::string& path, Dataset d, int64_t positions, int64_t velocities) {
    d.qpos_dim = positions, d.qvel_dim = velocities;
    for (int64_t t = 0; t < d.rows; ++t) d.qpos.insert(d.qpos.end(), d.observation(t), d.observation(t) + positions);
    d.qvel.resize(static_cast<size_t>(d.rows * velocities));
    save_dataset(path, d);
}

}  // namespace

TEST_CASE("cases: add qpos to lake.npz" * doctest::skip()) {
    const std::string folder = folder_of_cases();
    Dataset d = load_dataset(folder + "lake.npz");
    save_with_qpos(folder + "lake-qpos.npz", d, 2, 1);
    save_with_qpos(folder + "lake-narrow.npz", d, 1, 1);
    std::rotate(d.actions.begin(), d.actions.begin() + d.action_dim, d.actions.end());
    save_with_qpos(folder + "lake-early.npz", d, 2, 1);
}

TEST_CASE("cases: write the files" * doctest::skip()) {
    const std::string folder = folder_of_cases();
    const Boats b = boats(std::vector<int64_t>(40, 81));
    const Members base = members_of(b);
    const std::vector<uint8_t> none(b.ends.size(), 0), all(b.ends.size(), 1);
    auto with = [&](const std::string& name, size_t which, const std::string& key, const NpyArray& array) {
        Members members = base;
        members[which] = {key, array};
        write_npz(folder + name + ".npz", members);
    };
    write_npz(folder + "plain.npz", base);
    with("timeouts", 2, "timeouts", b.end_array());
    with("no-end", 2, "terminals", Boats::flags(none));
    with("all-ends", 2, "terminals", Boats::flags(all));
    with("classes", 1, "actions", NpyArray::from<int64_t>({b.rows}, b.episode_ids));
    write_npz(folder + "wide.npz", members_of(boats(std::vector<int64_t>(3, 81), 3)));
    Boats backwards = b;  // each action moves the boat the other way
    for (float& u : backwards.actions) u = -u;
    write_npz(folder + "backwards.npz", members_of(backwards));
    write_npz(folder + "one-episode.npz", members_of(boats({900})));
    write_npz(folder + "few-rows.npz", members_of(boats({30, 30, 30})));
    write_npz(folder + "short-episodes.npz", members_of(boats(std::vector<int64_t>(200, 12))));
    write_npz(folder + "episodes-35.npz", members_of(boats(std::vector<int64_t>(200, 35))));
    write_npz(folder + "fortran.npz", {base.begin() + 1, base.end()}, {{"observations.npy", fortran_array(b)}});
    Boats still = b;
    for (size_t t = 1; t < still.ends.size(); ++t)
        for (size_t i = 0; i < 2 && !still.ends[t - 1]; ++i)
            still.observations[2 * t + i] = still.observations[2 * t - 2 + i];
    write_npz(folder + "never-moves.npz", members_of(still));
    write_npz(folder + "still-val.npz", members_of(still));  // the validation set of still.npz
    write_npz(folder + "still.npz", base);
    Members objects = base;
    write_npz(folder + "objects.npz", objects, {{"infos.npy", object_array()}, {"__MACOSX/._actions.npy", "1234"}});
    // Arrays that training does not need, each with a defect; one-hot actions.
    Members unneeded = base;
    unneeded.emplace_back("rewards", b.observation_array());
    unneeded.emplace_back("masks", Boats::flags(all));
    unneeded.emplace_back("qpos", NpyArray::from<float>({5, 2}, std::vector<float>(10)));
    write_npz(folder + "unneeded.npz", unneeded, {{"next_observations.npy", "not an array"}});
    std::vector<float> one_hot(b.actions.size());
    for (size_t t = 0; t < b.ends.size(); ++t) one_hot[2 * t + (b.actions[2 * t] > 0)] = 1;
    with("one-hot", 1, "actions", NpyArray::from<float>({b.rows, 2}, one_hot));
    // Most ends of episodes are not marked, which gives jumps in 2 % of the steps.
    const Boats seams = boats(std::vector<int64_t>(60, 50));
    std::vector<uint8_t> some(seams.ends.size());
    for (size_t t = 0; t < some.size(); ++t) some[t] = seams.ends[t] && (t / 50) % 6 == 5;
    Members marked = members_of(seams);
    marked[2] = {"terminals", Boats::flags(some)};
    write_npz(folder + "seams.npz", marked);
    // Additional members that are not needed.
    Members extra = base;
    extra.emplace_back("\x1b[2J\x1b]0;title\x07", NpyArray::from<float>({1}, {1}));
    extra.emplace_back(std::string(3000, 'k'), NpyArray::from<float>({1}, {1}));
    write_npz(folder + "extra.npz", extra, {{"notes.npy", "not an array"}, {"__MACOSX/._actions.npy", "1234"}});
    write_zeros(folder + "zeros.npz");
    // Files that are named like data sets of built-in environments but contain data of another system.
    write_npz(folder + "pointmaze-giant-navigate-v0.npz", base);
    write_npz(folder + "pointmaze-large-navigate-v0.npz", members_of(boats(std::vector<int64_t>(40, 81), 1)));
    write_npz(folder + "pointmaze-medium-navigate-v0.npz", members_of(boats(std::vector<int64_t>(40, 81), 4)));

    // Files for `data verify`: generated rows, and copies with one defect each.
    const Environment& maze = *find_environment("pointmaze-medium-v0");
    ThreadPool pool(1);
    CollectSpec spec;
    spec.type = "navigate", spec.episodes = 3, spec.episode_rows = 40, spec.noise = .5;
    const Dataset real = maze.generate(spec, "train", pool);
    save_dataset(folder + "maze.npz", real);
    Dataset damaged = real;
    damaged.qpos_dim = 1, damaged.qpos.resize(static_cast<size_t>(damaged.rows));
    save_dataset(folder + "maze-qpos.npz", damaged);
    damaged = real;
    damaged.qpos[3] = NAN;
    save_dataset(folder + "maze-qpos-nan.npz", damaged);
    damaged = real;
    damaged.observations[0] += 1;  // the first row of an episode; no transition leads to it
    save_dataset(folder + "maze-first-row.npz", damaged);
    // Augmented arrays that would hide violations: synthetic rows without a bridge, and a sigma_delta that no error
    // exceeds.
    damaged = real;
    const auto rows = static_cast<size_t>(real.rows);
    damaged.is_synthetic.assign(rows, 1), damaged.bridge.assign(rows, -1), damaged.source_row.assign(rows, 0);
    damaged.target_row.assign(rows, -1), damaged.arrival_error.assign(rows, 0.0f), damaged.sigma_delta = {.1f, .1f};
    save_dataset(folder + "maze-no-bridge.npz", damaged);
    damaged.is_synthetic.assign(rows, 0), damaged.sigma_delta = {.1f, 100.0f};
    save_dataset(folder + "maze-sigma.npz", damaged);
    // An episode far outside the maze, where there are no walls, and one inside a wall.
    const WorldPicture::Rectangle wall = maze.picture()->walls.front();
    const std::pair<const char*, std::vector<float>> places[] = {
        {"maze-far.npz", {1000, 1000}},
        {"maze-wall.npz", {static_cast<float>(wall.x + wall.width / 2), static_cast<float>(wall.y + wall.height / 2)}}};
    for (const auto& [name, place] : places) {
        damaged = real;
        std::vector<float> state = place;
        for (int i = 0; i < 10; ++i) {
            const std::vector<float> action = {.1f, 0.0f};
            damaged.observations.insert(damaged.observations.end(), state.begin(), state.end());
            damaged.qpos.insert(damaged.qpos.end(), state.begin(), state.end());
            damaged.qvel.insert(damaged.qvel.end(), {0.0f, 0.0f});
            damaged.actions.insert(damaged.actions.end(), action.begin(), action.end());
            damaged.terminals.push_back(i == 9);
            ++damaged.rows;
            const std::vector<double> next =
                maze.exact_step({state.begin(), state.end()}, {action.begin(), action.end()});
            state = {static_cast<float>(next[0]), static_cast<float>(next[1])};
        }
        save_dataset(folder + name, damaged);
    }
}

TEST_CASE("cases: write systems of other dimensions" * doctest::skip()) {
    for (const int64_t states : {1, 3})
        for (const int64_t actions : {1, 4})
            write_npz(folder_of_cases() + text("system-", states, "-", actions, ".npz"),
                      members_of(linear_system(states, actions)));
}

TEST_CASE("cases: write the files of hints" * doctest::skip()) {
    const std::string folder = folder_of_cases();
    const Boats b = boats(std::vector<int64_t>(40, 81));
    const Members base = members_of(b);
    auto changed = [&](size_t which, const std::string& key, const NpyArray& array) {
        Members members = base;
        members[which] = {key, array};
        return members;
    };
    write_npz(folder + "plain.npz", base);
    write_npz(folder + "one-episode.npz", members_of(boats({3240})));
    write_npz(folder + "short-episodes.npz", members_of(boats(std::vector<int64_t>(200, 12))));
    write_npz(folder + "three-axes.npz",
              changed(0, "observations", NpyArray::from<float>({40, 81, 2}, b.observations)));
    write_npz(folder + "classes.npz", changed(1, "actions", NpyArray::from<int64_t>({b.rows}, b.episode_ids)));
    write_npz(
        folder + "still.npz",
        changed(0, "observations", NpyArray::from<float>({b.rows, 2}, std::vector<float>(b.observations.size()))));
    // States that differ only by rounding.
    std::vector<float> rounding(b.observations.size(), 1);
    for (size_t i = 0; i < rounding.size(); i += 3) rounding[i] = std::nextafter(1.0f, 2.0f);
    write_npz(folder + "rounding.npz", changed(0, "observations", NpyArray::from<float>({b.rows, 2}, rounding)));
    std::vector<float> extreme = b.observations;
    extreme[2 * 700] = 1e20f;
    write_npz(folder + "extreme.npz", changed(0, "observations", NpyArray::from<float>({b.rows, 2}, extreme)));
    // Far from 0, rounded to float32, and as they are.
    std::vector<double> far(b.observations.begin(), b.observations.end());
    for (double& x : far) x += 5348000;
    write_npz(folder + "far.npz", changed(0, "observations", NpyArray::from<double>({b.rows, 2}, far)));
    write_npz(
        folder + "far-float32.npz",
        changed(0, "observations", NpyArray::from<float>({b.rows, 2}, std::vector<float>(far.begin(), far.end()))));
    // A goal as a further column of the states, another one in each episode.
    std::vector<float> with_goal;
    for (int64_t t = 0; t < b.rows; ++t)
        with_goal.insert(with_goal.end(), {b.observations[size_t(2 * t)], b.observations[size_t(2 * t + 1)],
                                           static_cast<float>(b.episode_ids[size_t(t)])});
    write_npz(folder + "goal.npz", changed(0, "observations", NpyArray::from<float>({b.rows, 3}, with_goal)));
    std::vector<float> outlier = b.observations;
    outlier[2 * 700] = 1e5f;
    write_npz(folder + "outlier.npz", changed(0, "observations", NpyArray::from<float>({b.rows, 2}, outlier)));
    // A validation file in other units.
    std::vector<float> thousands = b.observations;
    for (float& x : thousands) x *= 1000;
    write_npz(folder + "units.npz", base);
    write_npz(folder + "units-val.npz", changed(0, "observations", NpyArray::from<float>({b.rows, 2}, thousands)));
    // Validation episodes that move for 10 steps and then stand still.
    Boats resting = b;
    for (size_t t = 0; t < resting.ends.size(); ++t)
        for (size_t i = 0; i < 2 && t % 81 > 10; ++i)
            resting.observations[2 * t + i] = resting.observations[2 * t - 2 + i];
    write_npz(folder + "resting.npz", base);
    write_npz(folder + "resting-val.npz", members_of(resting));
    write_npz(folder + "idle.npz",
              changed(1, "actions", NpyArray::from<float>({b.rows, 2}, std::vector<float>(b.actions.size(), .5f))));
    // Arrays of other names.
    write_npz(folder + "other-names.npz",
              {{"obs", b.observation_array()}, {"action", b.action_array()}, {"done", b.end_array()}});
    write_npz(folder + "renamed.npz",
              {{"observations", b.observation_array()}, {"actions", b.action_array()}, {"done", b.end_array()}});
    write_npz(folder + "prefix.npz",
              {{"x/observations", b.observation_array()}, {"x/actions", b.action_array()}, {"x/done", b.end_array()}});
    // Marks of episodes.
    const std::vector<uint8_t> none(b.ends.size(), 0);
    write_npz(folder + "no-end.npz", changed(2, "terminals", Boats::flags(none)));
    Members members = changed(2, "terminals", Boats::flags(none));
    members.emplace_back("timeouts", b.end_array());
    write_npz(folder + "timeouts.npz", members);
    for (const bool marked : {false, true}) {  // two columns cannot mark ends; `terminals` may
        members = marked ? base : changed(2, "terminals", Boats::flags(none));
        members.emplace_back("dones", NpyArray::from<uint8_t>({b.rows, 2}, std::vector<uint8_t>(2 * b.ends.size())));
        write_npz(folder + (marked ? "dones-and-ends.npz" : "dones.npz"), members);
    }
    std::vector<int64_t> mixed = b.episode_ids;
    std::fill(mixed.end() - 81, mixed.end(), 0);
    write_npz(folder + "mixed-episodes.npz", changed(2, "episode_ids", NpyArray::from<int64_t>({b.rows}, mixed)));
    write_npz(folder + "sorted-episodes.npz",
              changed(2, "episode_ids", NpyArray::from<int64_t>({b.rows}, b.episode_ids)));
    // Episodes with one observation more than actions. Flags for the actions, and numbers for the observations.
    const Boats longer = boats(std::vector<int64_t>(40, 82));
    members = base;
    members[0] = {"observations", longer.observation_array()};
    write_npz(folder + "one-mark.npz", members);
    members.emplace_back("episode_ids", NpyArray::from<int64_t>({longer.rows}, longer.episode_ids));
    write_npz(folder + "two-marks.npz", members);
    // A maze's data, named after another maze; its actions one row late; its actions in another unit.
    const Environment& maze = *find_environment("pointmaze-medium-v0");
    ThreadPool pool(1);
    CollectSpec spec;
    spec.type = "navigate", spec.episodes = 6, spec.episode_rows = 100, spec.noise = .5;
    const Dataset real = maze.generate(spec, "train", pool);
    save_dataset(folder + "maze.npz", real);
    save_dataset(folder + "pointmaze-large-navigate-v0.npz", real);
    Dataset wrong = real;
    std::copy(real.actions.begin(), real.actions.end() - 2, wrong.actions.begin() + 2);
    save_dataset(folder + "late.npz", wrong);
    wrong = real;
    for (float& u : wrong.actions) u *= 25;
    save_dataset(folder + "percent.npz", wrong);
    write_npz(folder + "pointmaze-giant-navigate-v0.npz", base);
    write_npz(folder + "pointmaze-teleport-navigate-v0.npz", members_of(linear_system(3, 2)));
    write_zeros(folder + "zeros.npz");
}

TEST_CASE("cases: change a checkpoint" * doctest::skip()) {
    // The checkpoint in this folder gets arrays of another shape, as if its network had another size.
    const std::string folder = std::getenv("ASTRO_CASES");
    Checkpoint checkpoint = *load_checkpoint(folder);
    for (auto& [name, array] : checkpoint.arrays)
        if (array.shape.size() == 2) array.shape = {array.shape[0] * array.shape[1], 1};
    save_checkpoint(folder, checkpoint.step, checkpoint.arrays, checkpoint.meta, 1);
}
