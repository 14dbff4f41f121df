// Data set files with defects in arrays that are not needed, with other names of arrays, and with numbers that do not
// fit float32.
#include <doctest/doctest.h>

#include "data/dataset_load.h"
#include "data/file.h"
#include "data/validate.h"
#include "tests/boats.h"
#include "tests/error_message.h"
#include "tests/temporary_folder.h"

using namespace astro;
using namespace astro::data;

namespace {

const Boats kBoats = boats({9, 8, 7});

Members needed() {
    return {{"observations", kBoats.observation_array()},
            {"actions", kBoats.action_array()},
            {"terminals", kBoats.end_array()}};
}

Members with(const std::string& key, const NpyArray& array) {
    Members members = needed();
    members.emplace_back(key, array);
    return members;
}

// Changes a byte of the value 12345.5f in the file, so that the checksum of its array is wrong.
void damage(const std::string& path) {
    std::string bytes = read_text_file(path);
    const float value = 12345.5f;
    const size_t at = bytes.find(std::string(reinterpret_cast<const char*>(&value), sizeof value));
    REQUIRE(at != std::string::npos);
    bytes[at] = '\x01';
    write_text_file(path, bytes);
}

int64_t errors(const std::vector<Finding>& findings) {
    int64_t n = 0;
    for (const Finding& finding : findings) n += finding.severity == Severity::error;
    return n;
}

std::string all(const std::vector<Finding>& findings) {
    std::string words;
    for (const Finding& finding : findings) words += finding.message + "\n";
    return words;
}

std::string all(const std::vector<std::string>& notes) {
    std::string words;
    for (const std::string& note : notes) words += note + "\n";
    return words;
}

NpyArray column(float value) {
    return NpyArray::from<float>({kBoats.rows}, std::vector<float>(kBoats.ends.size(), value));
}

}  // namespace

TEST_CASE("findings: actions that vary on last rows of episodes only, where they are not used") {
    TemporaryFolder folder;
    const std::string path = folder / "a.npz";
    const Boats b = boats({300, 300});
    std::vector<float> actions(b.actions.size(), .5f);
    const auto inspect = [&] {
        write_npz(path, {{"observations", b.observation_array()},
                         {"actions", NpyArray::from<float>({b.rows, 2}, actions)},
                         {"terminals", b.end_array()}});
        return all(inspect_file(path));
    };
    const std::string words = "not accepted for training: all columns of actions are constant";
    CHECK(contains(inspect(), words));
    actions[2 * 299] = 0;
    CHECK(contains(inspect(), words));
    actions[2 * 298] = 0;
    CHECK(inspect().find("not accepted") == std::string::npos);
}

TEST_CASE("unneeded arrays: labels that cannot be read are a note of inspect") {
    TemporaryFolder folder;
    const std::string path = folder / "a.npz";
    const auto inspect = [&](const NpyArray& rewards, const NpyArray& masks, bool damaged = false) {
        Members members = with("rewards", rewards);
        members.emplace_back("masks", masks);
        write_npz(path, members);
        if (damaged) damage(path);
        return inspect_file(path);
    };
    CHECK(contains(all(inspect(column(0), column(1))), "labels: 100.00 % of the rows have a reward of 0 or more"));
    CHECK(errors(inspect(column(0), column(.5f))) == 1);  // readable ones are judged
    const NpyArray wide = kBoats.observation_array(), few = NpyArray::from<float>({5}, std::vector<float>(5));
    for (const auto& [rewards, masks, damaged, words] :
         {std::tuple{wide, column(1), false, "array 'rewards': shape (24, 2), expected (24,)"},
          std::tuple{column(0), few, false, "array 'masks': shape (5,), expected (24,)"},
          std::tuple{column(12345.5f), column(1), true, "member 'rewards.npy'"}}) {
        const std::vector<Finding> findings = inspect(rewards, masks, damaged);
        CHECK(errors(findings) == 0);
        CHECK(contains(all(findings), "note: rewards and masks are not checked, and training does not use them: "));
        CHECK(contains(all(findings), words));
    }
    write_npz(path, needed(), {{"rewards.npy", "not an array"}, {"masks.npy", "not an array"}});
    CHECK(errors(inspect_file(path)) == 0);
}

TEST_CASE("unneeded arrays: qpos and qvel are ignored with a note, unless a simulator needs them") {
    TemporaryFolder folder;
    const std::string path = folder / "a.npz";
    const NpyArray few = NpyArray::from<float>({5, 2}, std::vector<float>(10));
    for (const char* key : {"qpos", "qvel"})
        for (const auto& [array, damaged, words] :
             {std::tuple{few, false, ": shape (5, 2), expected (24, 2)"},
              std::tuple{column(NAN), false, " row 0, column 0: nan"},
              std::tuple{column(12345.5f), true, ": checksum (CRC-32) differs"}}) {
            write_npz(path, with(key, array));
            if (damaged) damage(path);
            const Dataset data = load_dataset(path);
            CHECK((data.qpos.empty() && data.qvel.empty() && data.qpos_dim == 0 && data.qvel_dim == 0));
            CHECK(data.observations == kBoats.observations);
            CHECK(contains(all(data.notes), std::string("'") + key));
            CHECK(contains(all(data.notes), words));
            CHECK(contains(all(data.notes), "; it is ignored"));
            CHECK(contains(error_message([&] { load_dataset(path, nullptr, Parts::simulator); }), words));
            CHECK(load_dataset(path, nullptr, Parts::transitions).notes.empty());
        }
    write_npz(path, needed(), {{"qpos.npy", "not an array"}});
    CHECK(load_dataset(path).notes == std::vector<std::string>{"array qpos cannot be read and is ignored"});
    CHECK(contains(error_message([&] { load_dataset(path, nullptr, Parts::simulator); }), "signature"));
}

TEST_CASE("unneeded arrays: next observations beside complete marks") {
    TemporaryFolder folder;
    const std::string path = folder / "a.npz";
    write_npz(path, needed(), {{"next_observations.npy", "not an array"}});
    CHECK(load_dataset(path).notes ==
          std::vector<std::string>{"array next_observations cannot be read and is ignored"});
    NpyArray next = kBoats.observation_array();
    reinterpret_cast<float*>(next.bytes.data())[0] = 12345.5f;
    write_npz(path, with("next_observations", next));
    damage(path);
    CHECK(load_dataset(path).terminals == kBoats.ends);
    CHECK(contains(all(load_dataset(path).notes), "next_observations cannot be read and are not used"));
    // Without marks they are needed.
    Members rows = needed();
    rows.pop_back();
    write_npz(path, rows, {{"next_observations.npy", "not an array"}});
    CHECK(contains(error_message([&] { load_dataset(path); }), "array 'next_observations'"));
}

TEST_CASE("names of arrays: a likely array is suggested for a missing one") {
    TemporaryFolder folder;
    const auto refusal = [&](const std::string& observations, const std::string& actions, const std::string& ends) {
        Members members = needed();
        members[0].first = observations, members[1].first = actions, members[2].first = ends;
        write_npz(folder / "a.npz", members);
        return error_message([&] { load_dataset(folder / "a.npz"); });
    };
    CHECK(refusal("observations", "actions", "done").empty());
    CHECK(contains(refusal("obs", "action", "done"),
                   "no array 'observations'; it has: obs, action, done; hint: "
                   "rename 'obs' to 'observations', 'action' to 'actions'"));
    CHECK(contains(refusal("states", "actions", "done"), "; hint: rename 'states' to 'observations'"));
    CHECK(contains(refusal("x/observations", "x/actions", "x/done"),
                   "; hint: rename 'x/observations' to 'observations', 'x/actions' to 'actions', 'x/done' to 'done'"));
    CHECK(contains(refusal("observations", "actions", "x/done"), "no array marks the ends of episodes"));
    CHECK(contains(refusal("observations", "actions", "x/done"), "; hint: rename 'x/done' to 'done'"));
    CHECK(refusal("a", "b", "c").find("hint") == std::string::npos);
}

TEST_CASE("wide numbers: those that do not fit float32 are named as stored") {
    TemporaryFolder folder;
    const auto refusal = [&](size_t which, double scale, size_t changed) {
        Members members = needed();
        std::vector<double> values(kBoats.observations.size());
        for (size_t i = 0; i < values.size(); ++i)
            values[i] = double(kBoats.observations[i]) * (changed == 0 || changed == i ? scale : 1);
        members[which].second = NpyArray::from<double>({kBoats.rows, 2}, values);
        write_npz(folder / "a.npz", members);
        return error_message([&] { load_dataset(folder / "a.npz"); });
    };
    for (const size_t which : {0, 1}) {
        CHECK(refusal(which, 1, 0).empty());
        CHECK(contains(refusal(which, 1e300, 7), "row 3, column 1: "));
        CHECK(contains(refusal(which, 1e300, 7), "e+300 is too large, expected numbers up to 3.4e38 (float32)"));
        CHECK(contains(refusal(which, 1e-300, 0), "e-300: all differences are too small"));
    }
}

TEST_CASE("actions: those that look discrete are noted") {
    TemporaryFolder folder;
    const auto notes = [&](int64_t columns, auto value) {
        std::vector<float> actions;
        for (int64_t t = 0; t < kBoats.rows; ++t)
            for (int64_t i = 0; i < columns; ++i) actions.push_back(value(t, i));
        Members members = needed();
        members[1].second = NpyArray::from<float>({kBoats.rows, columns}, actions);
        write_npz(folder / "a.npz", members);
        return all(load_dataset(folder / "a.npz").notes);
    };
    const auto one_hot = [](int64_t t, int64_t i) { return t % 3 == i ? 1.0f : 0.0f; };
    CHECK(notes(3, one_hot) == "actions look discrete (one-hot); they are treated as continuous\n");
    CHECK(notes(1, one_hot) == "actions look discrete (0 or 1); they are treated as continuous\n");
    CHECK(notes(1, [](int64_t, int64_t) { return 0.0f; }).empty());
    CHECK(notes(2, [](int64_t t, int64_t i) { return float((t + i) % 3 == 0); }).empty());  // some rows without a 1
    CHECK(notes(3, [&](int64_t t, int64_t i) { return .5f * one_hot(t, i); }).empty());
}
