// Checkpoints are written completely or not at all; the newest valid one is loaded.
#include <doctest/doctest.h>

#include <filesystem>

#include "data/checkpoint.h"
#include "data/file.h"
#include "data/npz.h"
#include "tests/error_message.h"
#include "tests/temporary_folder.h"

using namespace astro;
using namespace astro::data;

namespace {

NamedArrays arrays_at(int64_t step) {
    NamedArrays arrays;
    arrays["model/actor/l0/weight"] = NpyArray::from<float>({2, 3}, {1, 2, 3, 4, 5, static_cast<float>(step)});
    arrays["opt/step"] = NpyArray::from<int64_t>({}, {step});
    return arrays;
}

Json meta_at(int64_t step) {
    Json meta;
    meta["stage"] = "tdr";
    meta["loss"] = 0.5 + static_cast<double>(step);
    return meta;
}

void damage(const std::string& path, size_t from_end) {
    std::string bytes = read_text_file(path);
    bytes[bytes.size() - from_end] = static_cast<char>(bytes[bytes.size() - from_end] ^ 1);
    write_text_file(path, bytes);
}

}  // namespace

TEST_CASE("checkpoint: saving, loading, keeping only the last ones, LATEST") {
    TemporaryFolder temporary;
    const std::string folder = temporary / "checkpoints/tdr";
    CHECK_FALSE(load_checkpoint(folder).has_value());
    for (int64_t step : {100, 200, 300}) save_checkpoint(folder, step, arrays_at(step), meta_at(step), 2);
    CHECK_FALSE(std::filesystem::exists(folder + "/step_00000100.npz"));
    CHECK(std::filesystem::exists(folder + "/step_00000200.npz"));
    CHECK(read_text_file(folder + "/LATEST") == "step_00000300.npz\n");
    auto loaded = load_checkpoint(folder);
    REQUIRE(loaded.has_value());
    CHECK(loaded->step == 300);
    CHECK(loaded->warnings.empty());
    CHECK(loaded->meta.dump() == meta_at(300).dump());
    REQUIRE(loaded->arrays.size() == 2);
    CHECK(loaded->arrays["model/actor/l0/weight"].to<float>("w") == std::vector<float>{1, 2, 3, 4, 5, 300});
    CHECK(loaded->arrays["model/actor/l0/weight"].shape == std::vector<int64_t>{2, 3});
    CHECK(loaded->arrays["opt/step"].shape.empty());
    // Equal contents give equal bytes.
    std::string bytes = read_text_file(folder + "/step_00000300.npz");
    save_checkpoint(folder, 300, arrays_at(300), meta_at(300), 2);
    CHECK((read_text_file(folder + "/step_00000300.npz") == bytes));
}

TEST_CASE("checkpoint: damaged ones are skipped with a warning; an error if none is valid") {
    TemporaryFolder temporary;
    const std::string folder = temporary.path;
    for (int64_t step : {1, 2, 3}) save_checkpoint(folder, step, arrays_at(step), meta_at(step), 5);
    std::string newest = read_text_file(folder + "/step_00000003.npz");
    write_text_file(folder + "/step_00000003.npz", newest.substr(0, newest.size() / 2));
    size_t value = newest.size() - newest.find("PK\x01\x02");
    damage(folder + "/step_00000002.npz", value + 400);
    auto loaded = load_checkpoint(folder);
    REQUIRE(loaded.has_value());
    CHECK(loaded->step == 1);
    REQUIRE(loaded->warnings.size() == 2);
    CHECK(loaded->warnings[0].find("step_00000003.npz") != std::string::npos);
    CHECK(loaded->warnings[1].find("step_00000002.npz") != std::string::npos);

    write_text_file(folder + "/step_00000001.npz", "");
    CHECK(contains(error_message([&] { load_checkpoint(folder); }), "none of the 3 checkpoints"));
    // Saving an earlier step again removes checkpoints of later steps, which belong to another training.
    save_checkpoint(folder, 2, arrays_at(2), meta_at(2), 5);
    CHECK_FALSE(std::filesystem::exists(folder + "/step_00000003.npz"));
    CHECK(load_checkpoint(folder)->step == 2);
}

TEST_CASE("checkpoint: after a kill during saving, the last complete one is loaded") {
    TemporaryFolder temporary;
    const std::string folder = temporary.path;
    save_checkpoint(folder, 1, arrays_at(1), meta_at(1), 1);
    std::string first = read_text_file(folder + "/step_00000001.npz");
    // Killed while writing step 2: a partial file.
    write_text_file(folder + "/step_00000002.npz" + std::string(kTemporaryMark) + "7", first.substr(0, 100));
    CHECK(load_checkpoint(folder)->step == 1);
    // Killed after the rename, before LATEST and the removal.
    TemporaryFolder other;
    save_checkpoint(other.path, 2, arrays_at(2), meta_at(2), 1);
    std::filesystem::copy(other / "step_00000002.npz", folder + "/step_00000002.npz");
    CHECK(load_checkpoint(folder)->step == 2);
    save_checkpoint(folder, 3, arrays_at(3), meta_at(3), 1);
    CHECK(temporary.files() == 2);  // step 3 and LATEST; the partial file is gone
}

TEST_CASE("checkpoint: errors for files that are not checkpoints name the file") {
    TemporaryFolder folder;
    NpzWriter writer(folder / "step_00000001.npz");
    writer.add("a", NpyArray::from<float>({1}, {1}), Compression::stored);
    writer.close();
    CHECK(error_message([&] { load_checkpoint_file(folder / "step_00000001.npz"); }) ==
          folder / "step_00000001.npz" + ": contains no meta.json: not a checkpoint of this program");
    CHECK(contains(error_message([&] { load_checkpoint_file(folder / "none.npz"); }, ErrorKind::io), "cannot open"));
    write_text_file(folder / "file", "");
    CHECK(contains(error_message([&] { save_checkpoint(folder / "file", 1, {}, Json(), 1); }, ErrorKind::io),
                   "cannot create the folder"));
}
