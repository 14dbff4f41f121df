// Writes the files for tests/cli/cases.sh and tests/cli/convert.sh to the folder given by ASTRO_CASES. Skipped by
// default.
#include <doctest/doctest.h>

#include <cstdlib>

#include "data/dataset_load.h"
#include "data/environment.h"
#include "tests/boats.h"

using namespace astro;
using namespace astro::data;

namespace {

Members members_of(const Boats& b) {
    return {{"observations", b.observation_array()}, {"actions", b.action_array()}, {"terminals", b.end_array()}};
}

}  // namespace

TEST_CASE("cases: write the files" * doctest::skip()) {
    const char* wanted = std::getenv("ASTRO_CASES");
    REQUIRE(wanted != nullptr);
    const std::string folder = std::string(wanted) + "/";
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
    Boats still = b;
    for (size_t t = 1; t < still.ends.size(); ++t)
        for (size_t i = 0; i < 2 && !still.ends[t - 1]; ++i)
            still.observations[2 * t + i] = still.observations[2 * t - 2 + i];
    write_npz(folder + "never-moves.npz", members_of(still));
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
    // Arrays of consistent sizes that unpack to much more than the size of the file.
    const std::vector<float> zeros(34'000'000 * 2);
    const std::vector<uint8_t> ends(34'000'000, 0);
    NpzWriter writer(folder + "zeros.npz");
    for (const char* key : {"observations", "actions"})
        writer.add(key, NpyType::f4, {34'000'000, 2}, zeros.data(), Compression::deflated);
    writer.add("terminals", NpyType::b1, {34'000'000}, ends.data(), Compression::deflated);
    writer.close();
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
            const std::vector<double> next = maze.exact_step(state, action);
            state = {static_cast<float>(next[0]), static_cast<float>(next[1])};
        }
        save_dataset(folder + name, damaged);
    }
}
