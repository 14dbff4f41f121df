// Formats of episode ends and actions that are accepted, and invalid ones.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "data/dataset_load.h"
#include "data/validate.h"
#include "tests/boats.h"
#include "tests/error_message.h"
#include "tests/temporary_folder.h"

using namespace astro;
using namespace astro::data;

namespace {

const std::vector<std::vector<int64_t>> kShapes = {
    {81, 81, 81}, std::vector<int64_t>(30, 15), {2, 9, 40, 3}, {5, 1, 7, 1}};

std::string all_notes(const Dataset& data) {
    std::string all;
    for (const std::string& note : data.notes) all += note + "\n";
    return all;
}

struct Files {
    TemporaryFolder folder;
    Dataset load(const Members& members) {
        write_npz(folder / "a.npz", members);
        return load_dataset(folder / "a.npz");
    }
    std::string load_error(const Members& members) {
        return error_message([&] { load(members); });
    }
};

void check_same(const Dataset& data, const Boats& b) {
    CHECK(data.rows == b.rows);
    CHECK(data.observations == b.observations);
    CHECK(data.terminals == b.ends);
}

NpyArray whole(const std::vector<int64_t>& values) {
    return NpyArray::from<int64_t>({static_cast<int64_t>(values.size())}, values);
}

}  // namespace

TEST_CASE("ends: every accepted name of flags for last rows, as bool, as float and as a column") {
    Files files;
    for (const auto& lengths : kShapes)
        for (const char* key : {"terminals", "timeouts", "terminations", "truncations", "dones", "is_last",
                                "terminated", "truncated", "episode_terminals", "episode_ends"}) {
            CAPTURE(key);
            const Boats b = boats(lengths);
            const Dataset data = files.load(
                {{"observations", b.observation_array()}, {"actions", b.action_array()}, {key, b.end_array()}});
            check_same(data, b);
            CHECK(data.actions == b.actions);
            CHECK(data.notes.empty() == (std::string(key) == "terminals"));
            if (!data.notes.empty()) CHECK(contains(all_notes(data), key));
            if (std::string(key) == "episode_ends") continue;  // numbers in this array are row numbers
            const std::vector<float> floats(b.ends.begin(), b.ends.end());
            check_same(files.load({{"observations", b.observation_array()},
                                   {"actions", b.action_array()},
                                   {key, NpyArray::from<float>({b.rows, 1}, floats)}}),
                       b);
        }
}

TEST_CASE("ends: flags in two arrays in any proportion, or all in the second") {
    Files files;
    for (size_t every : {size_t{1}, size_t{2}, size_t{6}, size_t{1000}}) {
        const Boats b = boats(std::vector<int64_t>(40, 11));
        std::vector<uint8_t> first(b.ends.size()), second = b.ends;
        size_t n = 0;
        for (size_t t = 0; t < first.size(); ++t)
            if (b.ends[t] && n++ % every == every - 1) first[t] = 1, second[t] = 0;
        for (auto [one, other] :
             {std::pair{"terminals", "timeouts"}, {"terminations", "truncations"}, {"dones", "timeouts"}}) {
            const Dataset data = files.load({{"observations", b.observation_array()},
                                             {"actions", b.action_array()},
                                             {one, Boats::flags(first)},
                                             {other, Boats::flags(second)}});
            check_same(data, b);
        }
    }
}

TEST_CASE("ends: flags of first rows, numbers of episodes, bounds and lengths") {
    Files files;
    for (const auto& lengths : kShapes) {
        const Boats b = boats(lengths);
        std::vector<uint8_t> starts(b.ends.size());
        std::vector<int64_t> first_rows, behind, last_rows, falling, odd;
        for (size_t t = 0; t < starts.size(); ++t) {
            starts[t] = t == 0 || b.ends[t - 1];
            if (starts[t]) first_rows.push_back(static_cast<int64_t>(t));
            if (b.ends[t]) last_rows.push_back(static_cast<int64_t>(t)), behind.push_back(static_cast<int64_t>(t) + 1);
            falling.push_back(-b.episode_ids[t]), odd.push_back(1000 + b.episode_ids[t] * 7);
        }
        const Members marks = {{"episode_starts", Boats::flags(starts)},
                               {"is_first", Boats::flags(starts)},
                               {"episode_starts", whole(first_rows)},
                               {"episode_ids", whole(b.episode_ids)},
                               {"episode_index", whole(odd)},
                               {"episode_id", whole(falling)},
                               {"episode_ends", whole(behind)},
                               {"episode_ends", whole(last_rows)},
                               {"episode_lengths", whole(lengths)}};
        for (const auto& mark : marks) {
            CAPTURE(mark.first);
            const Dataset data =
                files.load({{"observations", b.observation_array()}, {"actions", b.action_array()}, mark});
            check_same(data, b);
            CHECK(data.notes.size() == 1);
            CHECK(contains(all_notes(data), mark.first));
        }
    }
}

TEST_CASE("ends: a missing flag on the last row, and next observations instead of flags") {
    Files files;
    const Boats b = boats({9, 8, 7});
    std::vector<uint8_t> cut = b.ends;
    cut.back() = 0;
    const Dataset data = files.load(
        {{"observations", b.observation_array()}, {"actions", b.action_array()}, {"terminals", Boats::flags(cut)}});
    check_same(data, b);
    CHECK(contains(all_notes(data), "last row has no end mark"));
    std::vector<float> next(b.observations.begin() + 2, b.observations.end());
    next.insert(next.end(), {7.0f, 7.0f});
    for (int64_t t = 0; t < b.rows; ++t)
        if (b.ends[static_cast<size_t>(t)]) next[static_cast<size_t>(2 * t)] += 3;
    check_same(files.load({{"observations", b.observation_array()},
                           {"actions", b.action_array()},
                           {"terminals", Boats::flags(std::vector<uint8_t>(b.ends.size()))},
                           {"next_observations", NpyArray::from<float>({b.rows, 2}, next)}}),
               b);
}

TEST_CASE("ends: next observations alone, beside marks that miss some ends, and other than the next rows") {
    Files files;
    const Boats b = boats({9, 8, 7});
    std::vector<float> next(b.observations.begin() + 2, b.observations.end());
    next.insert(next.end(), {7.0f, 7.0f});
    std::vector<uint8_t> some = b.ends;
    some[8] = 0;  // the first episode's end is not marked
    for (int64_t t = 0; t < b.rows; ++t)
        if (b.ends[size_t(t)]) next[size_t(2 * t)] += 3;
    const auto with = [&](const std::vector<float>& values) {
        return std::pair<std::string, NpyArray>("next_observations", NpyArray::from<float>({b.rows, 2}, values));
    };
    const Members rows = {{"observations", b.observation_array()}, {"actions", b.action_array()}};
    auto load = [&](Members members, const std::vector<float>& values) {
        members.push_back(with(values));
        return files.load(members);
    };
    check_same(load(rows, next), b);
    Members marked = rows;
    marked.push_back({"terminals", Boats::flags(some)});
    const Dataset both = load(marked, next);
    check_same(both, b);
    CHECK(contains(all_notes(both), "terminals (2), next_observations"));
    marked[2] = {"terminals", b.end_array()};
    // No new end, but the state after the last row of an episode is in no row.
    CHECK(load(marked, next).notes ==
          std::vector<std::string>{"the transitions from the last rows of episodes to next_observations are not used "
                                   "(3), because no row has these states"});
    CHECK(contains(all_notes(load(rows, next)), "to next_observations are not used (3)"));
    std::vector<float> shifted(b.observations.begin() + 2, b.observations.end());  // always those of the next row
    shifted.insert(shifted.end(), {7.0f, 7.0f});
    CHECK(load(marked, shifted).notes.empty());
    for (float& x : next) x += .5f;  // noise: these are not the next rows
    const Dataset other = load(marked, next);
    check_same(other, b);
    CHECK(contains(all_notes(other), "are not used"));
}

TEST_CASE("ends: an array of the name of a mark that is none is not needed, if another marks the ends") {
    Files files;
    const Boats b = boats({9, 8, 7});
    Members members = {{"observations", b.observation_array()},
                       {"actions", b.action_array()},
                       {"done", NpyArray::from<float>({b.rows, 2}, std::vector<float>(size_t(2 * b.rows)))}};
    CHECK_THROWS_WITH_AS(files.load(members), doctest::Contains("expected one number or bool per row"), Error);
    members.push_back({"terminals", b.end_array()});
    CHECK(contains(all_notes(files.load(members)), "it is not used"));
}

TEST_CASE("ends: one observation more than actions in each episode or in the file") {
    Files files;
    for (const auto& lengths : kShapes) {
        const Boats b = boats(lengths);  // last rows are used as observations without an action
        std::vector<float> actions;
        std::vector<uint8_t> step_ends;
        bool empty_episode = false;
        for (size_t t = 0; t < b.ends.size(); ++t) {
            if (b.ends[t]) {
                empty_episode = empty_episode || t == 0 || b.ends[t - 1];
                continue;
            }
            actions.insert(actions.end(), b.actions.begin() + 2 * int64_t(t), b.actions.begin() + 2 * int64_t(t) + 2);
            step_ends.push_back(b.ends[t + 1]);
        }
        const auto steps = static_cast<int64_t>(step_ends.size());
        Members members = {{"observations", b.observation_array()},
                           {"actions", NpyArray::from<float>({steps, 2}, actions)},
                           {"terminals", b.end_array()}};
        std::vector<Members> forms = {members};
        if (!empty_episode) members[2] = {"truncations", Boats::flags(step_ends)}, forms.push_back(members);
        for (const Members& form : forms) {
            const Dataset data = files.load(form);
            check_same(data, b);
            CHECK(contains(all_notes(data), "observation without an action"));
            for (size_t t = 0; t < b.ends.size(); ++t)
                CHECK(data.action(int64_t(t))[1] == (b.ends[t] ? 0.0f : b.actions[2 * t + 1]));
        }
        // One more observation at the end of the file.
        std::vector<float> more = b.observations;
        more.insert(more.end(), {1.0f, 2.0f});
        const Dataset data = files.load({{"observations", NpyArray::from<float>({b.rows + 1, 2}, more)},
                                         {"actions", b.action_array()},
                                         {"dones", b.end_array()}});
        check_same(data, b);
        CHECK(contains(all_notes(data), "omitted"));
    }
    const Boats b = boats({9, 8, 7});
    CHECK(contains(files.load_error({{"observations", b.observation_array()},
                                     {"actions", NpyArray::from<float>({5, 2}, std::vector<float>(10))},
                                     {"terminals", b.end_array()}}),
                   "5 rows, observations has 24 and 3 episodes: expected 24, or 21"));
}

TEST_CASE("ends: error messages name the array and the expected contents") {
    Files files;
    const Boats b = boats({9, 8, 7});
    auto with = [&](const Members& marks) {
        Members members = {{"observations", b.observation_array()}, {"actions", b.action_array()}};
        members.insert(members.end(), marks.begin(), marks.end());
        return files.load_error(members);
    };
    const std::vector<uint8_t> none(b.ends.size(), 0), all(b.ends.size(), 1);
    CHECK(contains(with({}), "no array marks the ends of episodes; expected 'terminals'"));
    CHECK(contains(with({{"terminals", Boats::flags(none)}}), "no row ends an episode: terminals is 0 in every row"));
    CHECK(contains(with({{"terminals", Boats::flags(none)}, {"timeouts", Boats::flags(none)}}),
                   "terminals, timeouts is 0"));
    for (const char* key : {"terminals", "timeouts", "dones", "episode_starts"})
        CHECK(contains(with({{key, Boats::flags(all)}}), "every row ends an episode"));
    std::vector<int64_t> each(b.ends.size()), twice = b.episode_ids;
    std::iota(each.begin(), each.end(), 0);
    twice.back() = 0;
    CHECK(contains(with({{"episode_ids", whole(each)}}), "every row ends an episode"));
    CHECK(contains(with({{"episode_ids", whole(twice)}}), "row 23: episode 0 again"));
    CHECK(contains(with({{"episode_ids", whole({0, 1})}}), "'episode_ids': shape (2,), expected (24,)"));
    for (const auto& [value, words] : {std::pair{.5f, "0.5"}, {-1.0f, "-1"}, {NAN, "nan"}}) {
        std::vector<float> marks(24);
        marks[8] = 1, marks[15] = value;
        for (const char* key : {"terminals", "is_first"})
            CHECK(contains(with({{key, NpyArray::from<float>({24}, marks)}}),
                           text("array '", key, "' row 15: ", words, ", expected 0 or 1")));
    }
    std::vector<int64_t> minus(24);
    minus[16] = -1;
    CHECK(contains(with({{"dones", whole(minus)}}), "array 'dones' row 16: -1, expected 0 or 1"));
    CHECK(contains(with({{"terminals", whole(std::vector<int64_t>(24, 2))}}), "row 0: 2, expected 0 or 1"));
    CHECK(contains(with({{"terminals", NpyArray::from<float>({12, 2}, std::vector<float>(24))}}),
                   "shape (12, 2), expected one"));
    for (const std::vector<int64_t>& lengths : {std::vector<int64_t>{9, 8, 6}, {9, 8, 8}, {24, 0}, {-1, 25}, {}})
        CHECK(contains(with({{"episode_lengths", whole(lengths)}}), "expected lengths whose sum is 24"));
    CHECK(contains(with({{"episode_ends", whole({9, 9, 24})}}), "ascending"));
    CHECK(contains(with({{"episode_starts", whole({4, 9})}}), "first rows from 0"));
}

TEST_CASE("actions: a value that is not finite is ignored on a last row and rejected elsewhere") {
    Files files;
    for (const float bad : {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
        Boats b = boats({9, 8, 7});
        for (size_t t = 0; t < b.ends.size(); ++t)
            if (b.ends[t]) b.actions[2 * t + 1] = bad;
        const Dataset data = files.load(
            {{"observations", b.observation_array()}, {"actions", b.action_array()}, {"terminals", b.end_array()}});
        CHECK(contains(all_notes(data), "not finite on 3 last rows"));
        CHECK(data.action(8)[1] == 0.0f);
        CHECK(data.action(7)[1] == b.actions[15]);
        b.actions[14] = bad;
        CHECK(contains(
            files.load_error(
                {{"observations", b.observation_array()}, {"actions", b.action_array()}, {"terminals", b.end_array()}}),
            "'actions' row 7, column 0"));
    }
}

TEST_CASE("actions: (N,) is one column; discrete actions are rejected; other whole numbers are accepted") {
    Files files;
    Boats b = boats({9, 8, 7}, 1);
    const NpyArray vector = NpyArray::from<float>({b.rows}, b.actions);
    const Dataset data = files.load({{"observations", NpyArray::from<float>({b.rows}, b.observations)},
                                     {"actions", vector},
                                     {"terminals", b.end_array()}});
    CHECK((data.state_dim == 1 && data.action_dim == 1));
    CHECK(data.actions == b.actions);
    CHECK(contains(all_notes(data), "actions of shape (24,) are read as one column"));
    auto with = [&](const NpyArray& actions) {
        return files.load_error(
            {{"observations", b.observation_array()}, {"actions", actions}, {"terminals", b.end_array()}});
    };
    const std::vector<float> zeros(24), classes = [] {
        std::vector<float> values;
        for (int i = 0; i < 24; ++i) values.push_back(static_cast<float>(i % 4));
        return values;
    }();
    CHECK(contains(with(NpyArray::from<int64_t>({24, 1}, std::vector<int64_t>(24, 3))),
                   "int64: discrete actions are not supported"));
    CHECK(contains(with(NpyArray::from<uint8_t>({24}, std::vector<uint8_t>(24, 1))), "uint8: discrete actions"));
    CHECK(contains(with(NpyArray::from<int32_t>({24, 2}, std::vector<int32_t>(48, 1))), "int32: discrete actions"));
    CHECK(contains(with(Boats::flags(std::vector<uint8_t>(24, 1))), "bool: discrete actions"));
    CHECK(contains(with(NpyArray::from<float>({24}, classes)), "non-negative integers: discrete"));
    CHECK(with(NpyArray::from<float>({24}, zeros)).empty());
    std::vector<float> centred = classes;
    for (float& a : centred) a -= 2;
    CHECK(with(NpyArray::from<float>({24}, centred)).empty());
}

TEST_CASE("augmented arrays: unrelated arrays called is_synthetic or bridge are ignored; sigma_delta is at least 0") {
    Files files;
    const Boats b = boats({9, 8, 7});
    const Members base = {
        {"observations", b.observation_array()}, {"actions", b.action_array()}, {"terminals", b.end_array()}};
    for (const Members& theirs : {Members{{"is_synthetic", whole({5})}}, Members{{"bridge", b.observation_array()}},
                                  Members{{"is_synthetic", b.end_array()}, {"bridge", whole(b.episode_ids)}}}) {
        Members members = base;
        members.insert(members.end(), theirs.begin(), theirs.end());
        const Dataset data = files.load(members);
        check_same(data, b);
        CHECK(data.is_synthetic.empty());
        CHECK(contains(all_notes(data), theirs[0].first));
    }
    Members ours = base;
    const std::vector<int64_t> minus(24, -1);
    for (const char* key : {"bridge", "source_row", "target_row"}) ours.emplace_back(key, whole(minus));
    ours.emplace_back("is_synthetic", Boats::flags(std::vector<uint8_t>(24)));
    ours.emplace_back("arrival_error", NpyArray::from<float>({24}, std::vector<float>(24)));
    ours.emplace_back("sigma_delta", NpyArray::from<float>({2}, {1, 1}));
    CHECK(files.load(ours).is_synthetic.size() == 24);
    ours.back() = {"sigma_delta", NpyArray::from<float>({2}, {1, 0})};  // a constant column
    CHECK(files.load(ours).sigma_delta[1] == 0);
    ours.back() = {"sigma_delta", NpyArray::from<float>({2}, {1, -1})};
    CHECK(contains(files.load_error(ours), "'sigma_delta': -1, expected at least 0"));
}

TEST_CASE("training: a value beside which all others are the same is named") {
    const Boats b = boats(std::vector<int64_t>(40, 81));
    Dataset data;
    data.rows = b.rows, data.state_dim = data.action_dim = 2;
    data.observations = b.observations, data.actions = b.actions, data.terminals = b.ends;
    index_episodes(data);
    CHECK(training_problem(data).empty());
    data.observations[2 * 700 + 1] = 1e4f;  // far, but the others still differ
    CHECK(training_problem(data).empty());
    data.observations[2 * 700 + 1] = -1e20f;
    CHECK(contains(training_problem(data), "observations row 700, column 1: -1e+20, but 98 % of the values"));
    data.observations = b.observations, data.actions[2 * 80] = 1e20f;  // a last row, where actions are not used
    CHECK(training_problem(data).empty());
    data.actions[2 * 81] = 1e20f;
    CHECK(contains(training_problem(data), "actions row 81, column 0: 1e+20, but 98 % of the values"));
}

TEST_CASE("training: one episode, too few transitions and constant states are rejected") {
    auto problem = [](const std::vector<int64_t>& lengths, bool still) {
        const Boats b = boats(lengths);
        Dataset data;
        data.rows = b.rows, data.state_dim = data.action_dim = 2;
        data.observations = b.observations, data.actions = b.actions, data.terminals = b.ends;
        index_episodes(data);
        for (int64_t t = 1; t < data.rows && still; ++t)
            for (size_t i = 0; i < 2; ++i)
                if (!data.terminals[static_cast<size_t>(t - 1)])
                    data.observations[static_cast<size_t>(2 * t) + i] =
                        data.observations[static_cast<size_t>(2 * t) - 2 + i];
        return training_problem(data);
    };
    CHECK(problem({300, 300}, false).empty());
    CHECK(contains(problem({600}, false), "single episode"));
    CHECK(contains(problem({25, 25}, false), "48 transitions in 2 episodes are too few"));
    CHECK(contains(problem({300, 300}, true), "nothing moves"));
}
