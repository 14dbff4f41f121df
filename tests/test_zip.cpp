// Zip archives: writing and reading in all forms; damaged archives are rejected.
#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <functional>

#include "data/file.h"
#include "data/zip.h"
#include "tensor/base/printable.h"
#include "tensor/rng.h"
#include "tests/error_message.h"
#include "tests/temporary_folder.h"

using namespace astro;
using namespace astro::data;

namespace {

// Half random and half repetitive, so that deflate can compress some parts only.
std::string content(size_t n, uint64_t seed) {
    Rng rng(seed);
    std::string out(n, 'x');
    for (size_t i = 0; i < n; ++i) {
        if (i / 1000 % 2 == 0) out[i] = static_cast<char>(rng.next() & 0xFF);
    }
    return out;
}

void write_zip(const std::string& path, const std::vector<std::pair<std::string, std::string>>& members, bool compress,
               ThreadPool* pool = nullptr, uint64_t zip64_from = 0xFFFFFFFFu) {
    ZipWriter writer(path, pool, zip64_from);
    for (const auto& [name, bytes] : members) writer.add(name, {{bytes.data(), bytes.size()}}, compress);
    writer.close();
}

void patch(std::string& bytes, size_t at, uint64_t value, int width) {
    for (int i = 0; i < width; ++i) bytes[at + static_cast<size_t>(i)] = static_cast<char>(value >> (8 * i) & 0xFF);
}

}  // namespace

TEST_CASE("zip: written archives are read back, stored, deflated, with and without Zip64") {
    TemporaryFolder folder;
    std::vector<std::pair<std::string, std::string>> members = {
        {"empty", ""}, {"one", "1"}, {"a/b", content(70'000, 1)}, {"large", content(1'300'000, 2)}};
    for (bool compress : {false, true}) {
        for (uint64_t zip64_from : {uint64_t{0xFFFFFFFF}, uint64_t{1000}, uint64_t{0}}) {
            CAPTURE(compress);
            CAPTURE(zip64_from);
            write_zip(folder / "a.zip", members, compress, nullptr, zip64_from);
            ZipReader reader(folder / "a.zip");
            REQUIRE(reader.members().size() == members.size());
            for (size_t i = 0; i < members.size(); ++i) {
                CHECK(reader.members()[i].name == members[i].first);
                CHECK(reader.read(reader.members()[i]) == members[i].second);
            }
            if (compress) CHECK(reader.members()[3].compressed_size < reader.members()[3].size * 3 / 5);
        }
    }
    CHECK(folder.files() == 1);
}

TEST_CASE("zip: a member that is written in pieces and read in parts") {
    TemporaryFolder folder;
    std::string first = content(300, 3), second = content(600'000, 4), whole = first + second;
    for (bool compress : {false, true}) {
        ZipWriter writer(folder / "a.zip");
        writer.add("m", {{first.data(), first.size()}, {nullptr, 0}, {second.data(), second.size()}}, compress);
        writer.close();
        ZipReader reader(folder / "a.zip");
        ZipStream stream(reader, reader.members()[0]);
        std::string got(whole.size(), '\0');
        size_t at = 0;
        for (size_t n : {size_t{1}, size_t{0}, size_t{299}, size_t{100'000}}) {
            stream.read(got.data() + at, n);
            at += n;
        }
        stream.read(got.data() + at, got.size() - at);
        stream.finish();
        CHECK(got == whole);
    }
}

TEST_CASE("zip: the same bytes with any number of threads") {
    TemporaryFolder folder;
    std::vector<std::pair<std::string, std::string>> members = {{"m", content(2'000'000, 5)}};
    write_zip(folder / "1.zip", members, true);
    for (int threads : {2, 3}) {
        ThreadPool pool(threads);
        write_zip(folder / "n.zip", members, true, &pool);
        CHECK((read_text_file(folder / "n.zip") == read_text_file(folder / "1.zip")));
    }
}

TEST_CASE("zip: blocks of noise, of text and of both are read back, and are compressed well") {
    TemporaryFolder folder;
    Rng rng(11);
    std::string noise(1'000'000, '\0'), letters(1'000'000, '\0');
    for (char& c : noise) c = static_cast<char>(rng.normal() * 20);
    for (size_t i = 0; i < letters.size(); ++i) letters[i] = "abcabcadde"[(i * i / 7) % 10];
    const std::string both = noise.substr(0, 300'000) + letters.substr(0, 300'000) + noise.substr(0, 100'000);
    write_zip(folder / "a.zip", {{"noise", noise}, {"letters", letters}, {"both", both}}, true);
    ZipReader reader(folder / "a.zip");
    CHECK(reader.read(reader.members()[0]) == noise);
    CHECK(reader.read(reader.members()[1]) == letters);
    CHECK(reader.read(reader.members()[2]) == both);
    CHECK(reader.members()[0].compressed_size < noise.size() * 83 / 100);  // its entropy is 80 % of its size
    CHECK(reader.members()[1].compressed_size < letters.size() / 50);      // Huffman codes alone: more than 1/8
    CHECK(reader.members()[2].compressed_size < both.size() / 2);
}

TEST_CASE("zip: add_again gives the same file as a second add, and equal members are recognised") {
    TemporaryFolder folder;
    const std::string one = content(700'000, 12);
    std::string other = one;
    other[600'000] = static_cast<char>(other[600'000] ^ 1);
    for (bool compress : {false, true})
        for (uint64_t zip64_from : {uint64_t{0xFFFFFFFF}, uint64_t{1000}}) {
            write_zip(folder / "a.zip", {{"one", one}, {"other", other}, {"again", one}}, compress, nullptr,
                      zip64_from);
            ZipWriter writer(folder / "b.zip", nullptr, zip64_from);
            writer.add("one", {{one.data(), one.size()}}, compress);
            writer.add("other", {{other.data(), other.size()}}, compress);
            writer.add_again("again", "one");
            CHECK_THROWS_AS(writer.add_again("x", "none"), Error);
            writer.close();
            CHECK((read_text_file(folder / "a.zip") == read_text_file(folder / "b.zip")));
            ZipReader reader(folder / "b.zip");
            CHECK(reader.same_bytes(reader.members()[0], reader.members()[2]));
            CHECK_FALSE(reader.same_bytes(reader.members()[0], reader.members()[1]));
        }
    // Two texts with the same CRC-32 and length: only the bytes are different.
    const std::string plumless = "plumless", buckeroo = "buckeroo";
    write_zip(folder / "c.zip", {{"a", plumless}, {"b", buckeroo}}, false);
    ZipReader reader(folder / "c.zip");
    REQUIRE(reader.members()[0].crc == reader.members()[1].crc);
    CHECK_FALSE(reader.same_bytes(reader.members()[0], reader.members()[1]));
}

TEST_CASE("zip: each kind of damage is rejected with its own message") {
    TemporaryFolder folder;
    write_zip(folder / "good.zip", {{"first", content(500, 6)}, {"other", content(700, 7)}}, false);
    const std::string good = read_text_file(folder / "good.zip");
    const size_t end = good.size() - 22, central = good.find("PK\x01\x02"),
                 second = good.find("PK\x01\x02", central + 4);
    auto read_error = [&](const std::function<void(std::string&)>& damage) {
        std::string bytes = good;
        damage(bytes);
        write_text_file(folder / "bad.zip", bytes);
        std::string message = error_message([&] {
            ZipReader reader(folder / "bad.zip");
            for (const ZipMember& member : reader.members()) reader.read(member);
        });
        CHECK(message.find("bad.zip") != std::string::npos);
        return message;
    };
    CHECK(contains(read_error([](auto& b) { b.clear(); }), "no end-of-archive record in 0 bytes"));
    CHECK(contains(read_error([](auto& b) { b.resize(b.size() - 1); }), "no end-of-archive record"));
    CHECK(contains(read_error([](auto& b) { b.insert(0, "junk"); }), "4 bytes that do not belong"));
    CHECK(contains(read_error([&](auto& b) { patch(b, end + 4, 1, 2); }), "several disks"));
    CHECK(contains(read_error([&](auto& b) { patch(b, end + 8, 3, 2); }), "declares 3 and 2"));
    CHECK(contains(read_error([&](auto& b) { patch(b, end + 8, 3, 2), patch(b, end + 10, 3, 2); }), "do not fit"));
    CHECK(contains(read_error([&](auto& b) { b[second] = 'X'; }), "entry 2 of 2 is missing"));
    CHECK(contains(read_error([&](auto& b) { patch(b, end + 8, 1, 2), patch(b, end + 10, 1, 2); }), "after its last"));
    CHECK(contains(read_error([&](auto& b) { patch(b, end + 16, 0x7FFFFFFF, 4); }), "extends beyond"));
    CHECK(contains(read_error([&](auto& b) { patch(b, central + 8, 1, 2); }), "'first': encrypted"));
    CHECK(contains(read_error([&](auto& b) { patch(b, central + 10, 93, 2); }), "compression method 93"));
    CHECK(contains(read_error([&](auto& b) { patch(b, central + 16, 0, 4); }), "CRC-32"));
    CHECK(contains(read_error([&](auto& b) { patch(b, central + 24, 499, 4); }), "its sizes are 500 and 499"));
    CHECK(contains(read_error([&](auto& b) { patch(b, central + 10, 8, 2), patch(b, central + 24, 0x7FFFFFFF, 4); }),
                   "cannot contain the declared 2147483647 bytes"));
    CHECK(contains(read_error([&](auto& b) { patch(b, central + 42, 0x7FFFFFFF, 4); }), "header extends beyond"));
    CHECK(contains(read_error([&](auto& b) { patch(b, central + 42, 3, 4); }), "no local header"));
    CHECK(contains(read_error([&](auto& b) { patch(b, second + 42, 0, 4); }), "overlaps"));
    CHECK(contains(read_error([&](auto& b) { b[30] = 'F'; }), "disagree"));
    CHECK(contains(read_error([&](auto& b) { b[200] = static_cast<char>(b[200] ^ 1); }), "checksum"));
}

TEST_CASE("zip: members can be read even if another member is damaged, unsupported or has an unusual name") {
    TemporaryFolder folder;
    const std::string needed = content(500, 6);
    const std::string names[] = {"/root", "../up", "a\\..b", std::string("a\0b  ", 5), "\x1b[2J", "e\nf", "\xff\xfe"};
    for (const std::string& name : names) {
        write_zip(folder / "a.zip", {{name, content(700, 7)}, {"needed", needed}}, false);
        ZipReader reader(folder / "a.zip");
        CHECK(reader.members()[0].name == name);
        CHECK(reader.read(reader.members()[1]) == needed);
    }
    write_zip(folder / "a.zip", {{"\x1b]0;x", content(700, 7)}, {"needed", needed}}, false);
    const std::string good = read_text_file(folder / "a.zip");
    const size_t central = good.find("PK\x01\x02");
    const std::pair<size_t, uint64_t> damages[] = {{8, 1}, {8, 1 << 5}, {10, 12}, {10, 93}, {10, 99}, {24, 3}};
    for (const auto& [place, value] : damages) {
        std::string bytes = good;
        patch(bytes, central + place, value, 2);
        write_text_file(folder / "b.zip", bytes);
        ZipReader reader(folder / "b.zip");
        CHECK(reader.read(reader.members()[1]) == needed);
        const std::string message = error_message([&] { reader.read(reader.members()[0]); });
        CHECK(message.find("member '\\x1b]0;x'") != std::string::npos);
    }
}

TEST_CASE("files: reading and writing a pipe or a device fails at once") {
    TemporaryFolder folder;
    ::alarm(20);  // ends the test program if it hangs
    REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
    CHECK(contains(error_message([&] { InputFile file(folder / "pipe"); }, ErrorKind::io), "it is a pipe"));
    CHECK(contains(error_message([&] { read_text_file(folder / "pipe"); }, ErrorKind::io), "expected a file"));
    CHECK(contains(error_message([&] { write_text_file(folder / "pipe", "x"); }, ErrorKind::io), "it is a pipe"));
    for (const char* device : {"/dev/zero", "/dev/null"})
        CHECK(contains(error_message([&] { InputFile file(device); }, ErrorKind::io), "it is a device"));
    CHECK(folder.files() == 1);
    ::alarm(0);
}

TEST_CASE("printable: the result has no control characters and a limited length") {
    CHECK(printable("plain text, \xC3\xA4 \xE2\x82\xAC \xF0\x9F\x9A\xA4") ==
          "plain text, \xC3\xA4 \xE2\x82\xAC \xF0\x9F\x9A\xA4");
    CHECK(printable("\x1b[31m\r\n\t\x7f") == "\\x1b[31m\\x0d\\x0a\\x09\\x7f");
    CHECK(printable("\xC2\x9B") == "\\xc2\\x9b");           // C1: another way to begin an escape sequence
    CHECK(printable("\xE2\x80\xAE") == "\\xe2\\x80\\xae");  // right-to-left override
    CHECK(printable("\xC0\x80\xED\xA0\x80\xE2\x82") == "\\xc0\\x80\\xed\\xa0\\x80\\xe2\\x82");  // not UTF-8
    CHECK(printable(std::string(5000, 'a'), 10) == "aaaaaaaaaa... (5000 bytes)");
    Rng rng(3);
    for (int i = 0; i < 2000; ++i) {
        std::string noise(static_cast<size_t>(rng.below(40)), '\0');
        for (char& c : noise) c = static_cast<char>(rng.below(256));
        const std::string shown = printable(noise, 30);
        CHECK(shown.size() <= 30 + 3 + 20);
        CHECK(std::none_of(shown.begin(), shown.end(), [](char c) { return (c >= 0 && c < 0x20) || c == 0x7f; }));
        CHECK(printable(shown, 100) == shown);
    }
}

TEST_CASE("zip: deflated data of another length than declared are rejected") {
    TemporaryFolder folder;
    write_zip(folder / "a.zip", {{"m", content(5000, 8)}}, true);
    const std::string good = read_text_file(folder / "a.zip");
    size_t central = good.find("PK\x01\x02");
    for (auto [size, words] :
         {std::pair{4999, "more than the declared 4999"}, std::pair{5001, "ends after 5000 of the declared 5001"}}) {
        std::string bytes = good;
        patch(bytes, central + 24, static_cast<uint64_t>(size), 4);
        write_text_file(folder / "b.zip", bytes);
        ZipReader reader(folder / "b.zip");
        CHECK(contains(error_message([&] { reader.read(reader.members()[0]); }), words));
    }
}

TEST_CASE("files: errors for a missing file, a folder, a read-only folder and a full disk") {
    TemporaryFolder folder;
    CHECK(contains(error_message([&] { ZipReader reader(folder / "none.zip"); }, ErrorKind::io), "No such file"));
    CHECK(contains(error_message([&] { ZipReader reader(folder.path); }, ErrorKind::io), "directory"));
    CHECK(contains(error_message([&] { write_text_file(folder / "no/such", "x"); }, ErrorKind::io), "cannot create"));

    write_text_file(folder / "a.zip", "before");
    // A limit on the size of files simulates a full disk: write() fails after some bytes in the same way.
    rlimit old{}, low{};
    ::getrlimit(RLIMIT_FSIZE, &old);
    low = old;
    low.rlim_cur = 4096;
    auto handler = std::signal(SIGXFSZ, SIG_IGN);
    ::setrlimit(RLIMIT_FSIZE, &low);
    std::string message = error_message(
        [&] {
            write_zip(folder / "a.zip", {{"m", content(9000, 9)}}, false);
        },
        ErrorKind::io);
    ::setrlimit(RLIMIT_FSIZE, &old);
    std::signal(SIGXFSZ, handler);
    CHECK(message.find("a.zip: cannot write: ") != std::string::npos);
    CHECK(read_text_file(folder / "a.zip") == "before");
    CHECK(folder.files() == 1);

    { AtomicFile abandoned(folder / "b"); }
    CHECK(folder.files() == 1);
    if (::geteuid() != 0) {  // root may write anywhere
        std::filesystem::permissions(folder.path,
                                     std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
        CHECK(contains(error_message([&] { write_text_file(folder / "c", "x"); }, ErrorKind::io), "Permission denied"));
    }
}
