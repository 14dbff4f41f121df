// .npz files: all variants written by NumPy, files written by astro, and damaged files.
#include <doctest/doctest.h>

#include <algorithm>

#include "data/npz.h"
#include "tensor/rng.h"
#include "tests/error_message.h"
#include "tests/temporary_folder.h"

using namespace astro;
using namespace astro::data;

namespace {

const std::string kFixtures = "tests/fixtures/npz/";

bool same(const NpyArray& a, const NpyArray& b) { return a.type == b.type && a.shape == b.shape && a.bytes == b.bytes; }

NpyArray random_array(Rng& rng, NpyType type) {
    NpyArray array;
    array.type = type;
    int64_t count = 1;
    for (int64_t d = rng.below(4); d > 0; --d) {
        array.shape.push_back(rng.below(8) == 0 ? 0 : rng.below(12));
        count *= array.shape.back();
    }
    array.bytes.resize(static_cast<size_t>(count) * item_size(type));
    for (uint8_t& byte : array.bytes) byte = static_cast<uint8_t>(rng.below(type == NpyType::b1 ? 2 : 256));
    return array;
}

}  // namespace

TEST_CASE("npz: files of different NumPy writers contain the same arrays") {
    NpzReader reference(kFixtures + "numpy1.24_py3.11.2_stored.npz");
    REQUIRE(reference.entries().size() == 5);
    std::vector<float> observations = reference.read_as<float>("observations");
    REQUIRE(observations.size() == 208);
    CHECK(observations[0] == 11.90243f);
    CHECK(observations[1] == 3.0420485f);
    std::vector<uint8_t> terminals = reference.read("terminals").to<uint8_t>("terminals");
    CHECK(std::count(terminals.begin(), terminals.end(), 1) >= 1);
    CHECK(terminals.back() == 1);
    for (const char* name : {"archive_comment", "data_descriptor_streamed", "numpy1.24_py3.11.2_compressed",
                             "py3.11.7_stored_zip64", "py3.11.7_zip64_ffffffff_local", "tricky_comment_fake_eocd"}) {
        CAPTURE(name);
        NpzReader reader(kFixtures + name + ".npz");
        CHECK(reader.warnings().empty());
        REQUIRE(reader.entries().size() == 5);
        for (const NpzEntry& entry : reference.entries()) {
            CHECK(same(reader.read(entry.key), reference.read(entry.key)));
        }
    }
    NpzReader slashes(kFixtures + "keys_with_slash.npz");
    CHECK(same(slashes.read("infos/qpos"), reference.read("qpos")));
    CHECK(same(slashes.read("observations"), reference.read("observations")));
}

TEST_CASE("npz: header versions, Fortran order, byte order, float64") {
    NpzReader reader(kFixtures + "npy_v2_v3_fortran_be_f8.npz");
    std::vector<float> observations = NpzReader(kFixtures + "archive_comment.npz").read_as<float>("observations");
    std::vector<float> actions = NpzReader(kFixtures + "archive_comment.npz").read_as<float>("actions");
    CHECK(reader.read_as<float>("a_v2") == actions);
    CHECK(reader.read_as<float>("a_v3") == actions);
    CHECK(reader.entry("obs_fortran").header.fortran_order);
    CHECK(reader.read_as<float>("obs_fortran") == observations);
    CHECK(reader.entry("obs_be").header.big_endian);
    CHECK(reader.read_as<float>("obs_be") == observations);
    CHECK(reader.read("obs_f8").type == NpyType::f8);
    CHECK(reader.read_as<float>("obs_f8") == observations);
}

TEST_CASE("npz: all dtypes are listed; numeric ones are read, others are rejected by name") {
    NpzReader reader(kFixtures + "odd_dtypes.npz");
    CHECK(reader.entries().size() == 18);
    CHECK(reader.read("zd").to<double>("zd") == std::vector<double>{3.5});
    CHECK(reader.read("zi").to<int64_t>("zi") == std::vector<int64_t>{7});
    CHECK(reader.read("empty").shape == std::vector<int64_t>{0, 3});
    CHECK(reader.read("empty0").shape == std::vector<int64_t>{5, 0});
    CHECK(reader.read_as<double>("f") == std::vector<double>{0, 1, 2, 3, 4, 5});
    CHECK(reader.read("be").to<int32_t>("be") == std::vector<int32_t>{0, 1, 2});
    CHECK(reader.read("u1").shape == std::vector<int64_t>{2, 2});
    CHECK(reader.read("b").to<uint8_t>("b") == std::vector<uint8_t>{1});
    CHECK(reader.read_as<int64_t>("i8") == std::vector<int64_t>{0, 1, 2});
    CHECK(reader.read_as<float>("f2") == std::vector<float>{0, 0});
    const std::pair<const char*, const char*> others[] = {{"s", "<U2"},  {"by", "|S1"},    {"ob", "|O"}, {"st", "[("},
                                                          {"c", "<c16"}, {"dt", "<M8[s]"}, {"v", "|V3"}, {"uni", "[("}};
    for (const auto& other : others) {
        const char* key = other.first;
        CAPTURE(key);
        CHECK_FALSE(reader.entry(key).header.supported);
        std::string message = error_message([&] { reader.read(key); });
        CHECK(contains(message, text("odd_dtypes.npz: array '", key, "'")));
        CHECK(contains(message, other.second));
    }
}

TEST_CASE("npz: bytes before the archive are rejected, as in NumPy") {
    CHECK(contains(error_message([] { NpzReader reader(kFixtures + "leading_junk.npz"); }),
                   "21 bytes that do not belong to the archive"));
}

TEST_CASE("npz: the error for a missing key lists the existing keys") {
    NpzReader reader(kFixtures + "keys_with_slash.npz");
    CHECK(error_message([&] { reader.read("actions"); }) ==
          kFixtures + "keys_with_slash.npz: no array 'actions'; it has: observations, infos/qpos");
}

TEST_CASE("npz: random arrays of every dtype are read back as written") {
    TemporaryFolder folder;
    Rng rng(1);
    for (int round = 0; round < 10; ++round) {
        std::vector<NpyArray> arrays;
        Compression compression = round % 2 == 0 ? Compression::stored : Compression::deflated;
        NpzWriter writer(folder / "a.npz");
        for (int type = 0; type < 12; ++type) {
            arrays.push_back(random_array(rng, static_cast<NpyType>(type)));
            writer.add(text("group/", type), arrays.back(), compression);
        }
        writer.add_text("meta.json", "{}");
        writer.close();
        NpzReader reader(folder / "a.npz");
        CHECK(reader.read_text("meta.json") == "{}");
        REQUIRE(reader.entries().size() == arrays.size());
        for (size_t i = 0; i < arrays.size(); ++i) {
            CHECK(same(reader.read(text("group/", i)), arrays[i]));
            CHECK(reader.compressed(reader.entries()[i]) == (compression == Compression::deflated));
        }
    }
}

TEST_CASE("npz: if a key occurs twice, the last one is used, with a warning") {
    TemporaryFolder folder;
    NpzWriter writer(folder / "a.npz");
    writer.add("k", NpyArray::from<int32_t>({1}, {1}), Compression::stored);
    writer.add("k", NpyArray::from<int32_t>({2}, {2, 3}), Compression::stored);
    writer.close();
    NpzReader reader(folder / "a.npz");
    CHECK(reader.entries().size() == 1);
    CHECK(reader.warnings().size() == 1);
    CHECK(reader.read("k").to<int32_t>("k") == std::vector<int32_t>{2, 3});
}

TEST_CASE("npz: any byte other than 0 is true in a bool array") {
    TemporaryFolder folder;
    const uint8_t bytes[] = {0, 1, 2, 255};
    NpzWriter writer(folder / "a.npz");
    writer.add("k", NpyType::b1, {4}, bytes, Compression::stored);
    writer.close();
    NpzReader reader(folder / "a.npz");
    CHECK(reader.read_as<uint8_t>("k") == std::vector<uint8_t>{0, 1, 1, 1});
    CHECK(reader.read("k").to<uint8_t>("k") == std::vector<uint8_t>{0, 1, 1, 1});
}

TEST_CASE("npz: without close(), no file is written") {
    TemporaryFolder folder;
    { NpzWriter(folder / "a.npz").add("k", NpyArray::from<int32_t>({1}, {1}), Compression::stored); }
    CHECK(folder.files() == 0);
}

TEST_CASE("npz: members that are not arrays, members added by macOS, and keys with control characters") {
    TemporaryFolder folder;
    NpzWriter writer(folder / "a.npz");
    writer.add("k", NpyArray::from<int32_t>({1}, {7}), Compression::stored);
    writer.add("\x1b[2Jevil", NpyArray::from<int32_t>({1}, {7}), Compression::stored);
    writer.add_text("notes.npy", "not an array");
    writer.add_text("empty.npy", "");
    writer.add_text("__MACOSX/._k.npy", std::string("\0\5\26\7", 4));
    writer.add_text("._k.npy", std::string("\0\5\26\7", 4));
    for (int i = 0; i < 30; ++i) writer.add(text("more", i), NpyArray::from<int32_t>({1}, {7}), Compression::stored);
    writer.close();
    NpzReader reader(folder / "a.npz");
    CHECK(reader.read_as<int64_t>("k") == std::vector<int64_t>{7});
    CHECK(reader.find("__MACOSX/._k") == nullptr);
    CHECK(reader.warnings().size() == 1);
    REQUIRE(reader.find("notes") != nullptr);
    CHECK(reader.find("notes")->problem.find("does not begin with the signature") != std::string::npos);
    for (const char* key : {"notes", "empty"})
        CHECK(contains(error_message([&] { reader.read(key); }), text("array '", key, "'")));
    const std::string listed = error_message([&] { reader.read("absent"); });
    CHECK(contains(listed, "it has: k, \\x1b[2Jevil, notes, empty, more0"));
    CHECK(contains(listed, " and 14 more"));
}

TEST_CASE("npz: an array with a very high compression ratio is rejected, unless the ratio is allowed") {
    TemporaryFolder folder;
    const std::vector<uint8_t> zeros(kUnpackFreely + 1);
    NpzWriter writer(folder / "a.npz");
    writer.add("k", NpyType::u1, {static_cast<int64_t>(zeros.size())}, zeros.data(), Compression::deflated);
    writer.add("small", NpyType::u1, {1000}, zeros.data(), Compression::deflated);
    writer.close();
    const NpzReader reader(folder / "a.npz");
    CHECK(reader.compressed_size(reader.entry("k")) < zeros.size() / 500);
    const std::string message = error_message([&] { reader.read("k"); });
    CHECK(contains(message, "unpack to 256 MiB"));
    CHECK(contains(message, "hint: --unpack_ratio "));
    CHECK(error_message([&] { reader.read_as<uint8_t>("k"); }) == message);
    CHECK(reader.read("small").count() == 1000);
    const double ratio = std::stod(message.substr(message.find("--unpack_ratio ") + 15));
    const NpzReader allowed(folder / "a.npz", ratio);
    CHECK(error_message([&] { allowed.check_size(allowed.entry("k")); }).empty());
    const NpzReader below(folder / "a.npz", ratio - 1);
    CHECK_FALSE(error_message([&] { below.check_size(below.entry("k")); }).empty());
}

// Files are truncated at many lengths, and one bit of each byte is flipped. Reading must fail with an Error, or give
// the same arrays if the bit has no effect.
TEST_CASE("npz: damaged files are rejected or read correctly") {
    TemporaryFolder folder;
    int rejected = 0, read = 0;
    for (const char* name : {"numpy1.24_py3.11.2_compressed", "py3.11.7_stored_zip64", "odd_dtypes"}) {
        const std::string good = read_text_file(kFixtures + name + ".npz");
        NpzReader reference(kFixtures + name + ".npz");
        auto check = [&](const std::string& bytes, size_t place, const char* how) {
            AtomicFile file(folder / "bad.npz");
            file.write(bytes.data(), bytes.size());
            // The temporary file is read without committing it, which avoids an fsync per case.
            std::string path;
            for (const auto& entry : std::filesystem::directory_iterator(folder.path)) path = entry.path().string();
            CAPTURE(name);
            CAPTURE(place);
            CAPTURE(how);
            try {
                NpzReader reader(path);
                for (const NpzEntry& entry : reference.entries()) {
                    if (!entry.header.supported) continue;
                    NpyArray array = reader.read(entry.key);
                    CHECK(same(array, reference.read(entry.key)));
                }
                ++read;
            } catch (const Error& error) {
                ++rejected;
                CHECK(error.kind() == ErrorKind::data);
            }
        };
        for (size_t n = 0; n < good.size(); n += n < 100 || n + 100 > good.size() ? 1 : 13) {
            check(good.substr(0, n), n, "truncated");
        }
        for (size_t i = 0; i < good.size(); ++i) {
            std::string bytes = good;
            bytes[i] = static_cast<char>(bytes[i] ^ 1 << (i % 8));
            check(bytes, i, "bit flipped");
        }
    }
    CHECK(rejected > 5000);
    CHECK(read > 100);
}
