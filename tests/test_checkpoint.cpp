// Checkpoints: complete or absent, the newest good one is found.
#include <doctest/doctest.h>

#include <filesystem>

#include "data/checkpoint.h"
#include "data/file.h"
#include "data/npz.h"
#include "temporary_folder.h"
#include "tensor/base/error.h"

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

std::string error_of(const std::function<void()>& action, ErrorKind kind) {
    try {
        action();
    } catch (const Error& error) {
        CHECK(error.kind() == kind);
        return error.what();
    }
    return "no error";
}

}  // namespace

TEST_CASE("checkpoint: saved and loaded, the last ones kept, LATEST named") {
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
    // Equal content, equal bytes.
    std::string bytes = read_text_file(folder + "/step_00000300.npz");
    save_checkpoint(folder, 300, arrays_at(300), meta_at(300), 2);
    CHECK((read_text_file(folder + "/step_00000300.npz") == bytes));
}

TEST_CASE("checkpoint: a damaged one is passed over with a warning, none left is an error") {
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
    CHECK(error_of([&] { load_checkpoint(folder); }, ErrorKind::data).find("none of the 3 checkpoints") !=
          std::string::npos);
    // Training goes on from elsewhere: what lies beyond the new step is of another run.
    save_checkpoint(folder, 2, arrays_at(2), meta_at(2), 5);
    CHECK_FALSE(std::filesystem::exists(folder + "/step_00000003.npz"));
    CHECK(load_checkpoint(folder)->step == 2);
}

TEST_CASE("checkpoint: killed between any two actions, the finished one is found") {
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

TEST_CASE("checkpoint: files of others are refused by name") {
    TemporaryFolder folder;
    NpzWriter writer(folder / "step_00000001.npz");
    writer.add("a", NpyArray::from<float>({1}, {1}), Compression::stored);
    writer.close();
    CHECK(error_of([&] { load_checkpoint_file(folder / "step_00000001.npz"); }, ErrorKind::data) ==
          folder / "step_00000001.npz" + ": no meta.json in it: not a checkpoint of this program");
    CHECK(error_of([&] { load_checkpoint_file(folder / "none.npz"); }, ErrorKind::io).find("cannot open") !=
          std::string::npos);
    write_text_file(folder / "file", "");
    CHECK(error_of([&] { save_checkpoint(folder / "file", 1, {}, Json(), 1); }, ErrorKind::io)
              .find("cannot create the folder") != std::string::npos);
}
