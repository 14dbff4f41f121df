// Writes the files of tests/cli/cases.sh into the folder that ASTRO_CASES names; skipped unless asked for by name.
#include <doctest/doctest.h>

#include <cstdlib>

#include "boats.h"
#include "data/dataset_load.h"
#include "data/environment.h"

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
    // Seams that nobody marked, in 2 % of the steps.
    const Boats seams = boats(std::vector<int64_t>(60, 50));
    std::vector<uint8_t> some(seams.ends.size());
    for (size_t t = 0; t < some.size(); ++t) some[t] = seams.ends[t] && (t / 50) % 6 == 5;
    Members marked = members_of(seams);
    marked[2] = {"terminals", Boats::flags(some)};
    write_npz(folder + "seams.npz", marked);
    // Members that nobody needs.
    Members extra = base;
    extra.emplace_back("\x1b[2J\x1b]0;title\x07", NpyArray::from<float>({1}, {1}));
    extra.emplace_back(std::string(3000, 'k'), NpyArray::from<float>({1}, {1}));
    write_npz(folder + "extra.npz", extra, {{"notes.npy", "not an array"}, {"__MACOSX/._actions.npy", "1234"}});
    // Sizes that agree with one another but not with what is packed.
    const std::vector<float> zeros(34'000'000 * 2);
    const std::vector<uint8_t> ends(34'000'000, 0);
    NpzWriter writer(folder + "zeros.npz");
    for (const char* key : {"observations", "actions"})
        writer.add(key, NpyType::f4, {34'000'000, 2}, zeros.data(), Compression::deflated);
    writer.add("terminals", NpyType::b1, {34'000'000}, ends.data(), Compression::deflated);
    writer.close();
    // Names of built-in environments with data of another system.
    write_npz(folder + "pointmaze-giant-navigate-v0.npz", base);
    write_npz(folder + "pointmaze-large-navigate-v0.npz", members_of(boats(std::vector<int64_t>(40, 81), 1)));
    write_npz(folder + "pointmaze-medium-navigate-v0.npz", members_of(boats(std::vector<int64_t>(40, 81), 4)));

    // What `data verify` judges: real rows, each spoilt in one way.
    const Environment& maze = *find_environment("pointmaze-medium-v0");
    ThreadPool pool(1);
    CollectSpec spec;
    spec.type = "navigate", spec.episodes = 3, spec.episode_rows = 40, spec.noise = .5;
    const Dataset real = maze.generate(spec, "train", pool);
    save_dataset(folder + "maze.npz", real);
    Dataset spoilt = real;
    spoilt.qpos_dim = 1, spoilt.qpos.resize(static_cast<size_t>(spoilt.rows));
    save_dataset(folder + "maze-qpos.npz", spoilt);
    spoilt = real;
    spoilt.observations[0] += 1;  // the first row of an episode, which no transition enters
    save_dataset(folder + "maze-first-row.npz", spoilt);
    // Augmented arrays that would hide what violates: synthetic rows of no bridge, and a unit that nothing exceeds.
    spoilt = real;
    const auto rows = static_cast<size_t>(real.rows);
    spoilt.is_synthetic.assign(rows, 1), spoilt.bridge.assign(rows, -1), spoilt.source_row.assign(rows, 0);
    spoilt.target_row.assign(rows, -1), spoilt.arrival_error.assign(rows, 0.0f), spoilt.sigma_delta = {.1f, .1f};
    save_dataset(folder + "maze-no-bridge.npz", spoilt);
    spoilt.is_synthetic.assign(rows, 0), spoilt.sigma_delta = {.1f, 100.0f};
    save_dataset(folder + "maze-sigma.npz", spoilt);
    // An episode far from the maze, where nothing is in the way, and one in a wall.
    const WorldPicture::Rectangle wall = maze.picture()->walls.front();
    const std::pair<const char*, std::vector<float>> places[] = {
        {"maze-far.npz", {1000, 1000}},
        {"maze-wall.npz", {static_cast<float>(wall.x + wall.width / 2), static_cast<float>(wall.y + wall.height / 2)}}};
    for (const auto& [name, place] : places) {
        spoilt = real;
        std::vector<float> state = place;
        for (int i = 0; i < 10; ++i) {
            const std::vector<float> action = {.1f, 0.0f};
            spoilt.observations.insert(spoilt.observations.end(), state.begin(), state.end());
            spoilt.qpos.insert(spoilt.qpos.end(), state.begin(), state.end());
            spoilt.qvel.insert(spoilt.qvel.end(), {0.0f, 0.0f});
            spoilt.actions.insert(spoilt.actions.end(), action.begin(), action.end());
            spoilt.terminals.push_back(i == 9);
            ++spoilt.rows;
            const std::vector<double> next = maze.exact_step(state, action);
            state = {static_cast<float>(next[0]), static_cast<float>(next[1])};
        }
        save_dataset(folder + name, spoilt);
    }
}
