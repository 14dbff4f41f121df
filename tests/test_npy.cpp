// .npy headers and element types.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "data/npy.h"
#include "tests/error_message.h"

using namespace astro;
using namespace astro::data;

namespace {

NpySource from_string(const std::string& bytes, size_t& at) {
    return [&bytes, &at](void* out, uint64_t n) {
        if (n > bytes.size() - at) fail(ErrorKind::data, "ends");
        std::memcpy(out, bytes.data() + at, n);
        at += n;
    };
}

NpyArray parse(const std::string& bytes) {
    size_t at = 0;
    NpySource source = from_string(bytes, at);
    NpyHeader header = read_npy_header(source, bytes.size(), "test");
    return read_npy_data(source, header, "test");
}

// A file with the given dictionary; version 1, not padded.
std::string file(std::string dictionary, const std::string& data) {
    dictionary += '\n';
    std::string out("\x93NUMPY\x01\x00", 8);
    out += static_cast<char>(dictionary.size() & 0xFF);
    out += static_cast<char>(dictionary.size() >> 8);
    return out + dictionary + data;
}

std::string parse_error(const std::string& bytes) {
    return error_message([&] { parse(bytes); });
}

template <class T>
std::string conversion_error(const NpyArray& array) {
    return error_message([&] { array.to<T>("x"); });
}

}  // namespace

TEST_CASE("npy: headers equal NumPy's, and data begin at a multiple of 64") {
    for (auto shape : std::vector<std::vector<int64_t>>{{}, {5}, {0, 3}, {104, 2}, {1, 2, 3, 4}}) {
        std::string header = npy_header(NpyType::f4, shape);
        CHECK(header.size() % 64 == 0);
        CHECK(header.back() == '\n');
    }
    CHECK(npy_header(NpyType::b1, {3}).substr(10, 62) ==
          "{'descr': '|b1', 'fortran_order': False, 'shape': (3,), }     ");
}

TEST_CASE("npy: byte order, Fortran order, versions, Python 2's long integers") {
    CHECK(parse(file("{'descr': '>i4', 'fortran_order': False, 'shape': (2,)}",
                     std::string("\0\0\1\2\377\377\377\376", 8)))
              .to<int64_t>("x") == std::vector<int64_t>{258, -2});
    CHECK(
        parse(file("{'descr': '|u1', 'fortran_order': True, 'shape': (2L, 3L), }", "\1\2\3\4\5\6")).to<int64_t>("x") ==
        std::vector<int64_t>{1, 3, 5, 2, 4, 6});
    CHECK(parse(file("{\"shape\": (), \"descr\": \"|i1\", \"fortran_order\": False}", "\371")).to<float>("x") ==
          std::vector<float>{-7});
    // (2, 2, 2) in Fortran order: element (i, j, k) is at i + 2 j + 4 k.
    NpyArray cube =
        parse(file("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 2, 2)}", std::string("\0\1\2\3\4\5\6\7", 8)));
    CHECK(cube.bytes == std::vector<uint8_t>{0, 4, 2, 6, 1, 5, 3, 7});
    std::string second = "\x93NUMPY\x02", dictionary = "{'descr': '|u1', 'fortran_order': False, 'shape': (1,)}\n";
    second +=
        std::string("\0", 1) + static_cast<char>(dictionary.size()) + std::string("\0\0\0", 3) + dictionary + "\7";
    CHECK(parse(second).to<int32_t>("x") == std::vector<int32_t>{7});
}

TEST_CASE("npy: float16") {
    const uint16_t bits[] = {0x3C00, 0xC000, 0x7BFF, 0x0001, 0x0400, 0x8000, 0x7C00, 0x7E00};
    std::vector<float> values = NpyArray::copy(NpyType::f2, {8}, bits, 8).to<float>("x");
    CHECK(values[0] == 1.0f);
    CHECK(values[1] == -2.0f);
    CHECK(values[2] == 65504.0f);
    CHECK(values[3] == std::ldexp(1.0f, -24));
    CHECK(values[4] == std::ldexp(1.0f, -14));
    CHECK((values[5] == 0.0f && std::signbit(values[5])));
    CHECK(std::isinf(values[6]));
    CHECK(std::isnan(values[7]));
}

TEST_CASE("npy: conversions that would change a value are rejected") {
    CHECK(
        contains(conversion_error<float>(NpyArray::from<double>({2}, {1, 1e39})), "element 1 is 1e+39, which float32"));
    CHECK(conversion_error<float>(NpyArray::from<double>({1}, {0.1})).empty());
    CHECK(conversion_error<float>(NpyArray::from<double>({1}, {std::numeric_limits<double>::infinity()})).empty());
    CHECK(conversion_error<uint8_t>(NpyArray::from<double>({3}, {0, 1, 255})).empty());
    CHECK(contains(conversion_error<uint8_t>(NpyArray::from<double>({1}, {256})), "uint8 cannot hold"));
    CHECK(contains(conversion_error<uint8_t>(NpyArray::from<float>({1}, {-1})), "uint8 cannot hold"));
    CHECK(contains(conversion_error<uint8_t>(NpyArray::from<float>({1}, {0.5f})), "uint8 cannot hold"));
    CHECK(contains(conversion_error<uint8_t>(NpyArray::from<float>({1}, {NAN})), "uint8 cannot hold"));
    CHECK(contains(conversion_error<uint8_t>(NpyArray::from<int64_t>({1}, {-1})), "element 0 is -1"));
    CHECK(contains(conversion_error<uint8_t>(NpyArray::from<int8_t>({1}, {-1})), "element 0 is -1"));
    CHECK_THROWS_AS(NpyArray::from<uint64_t>({1}, {~uint64_t{0}}).to<int64_t>("x"), Error);
    CHECK_THROWS_AS(NpyArray::from<double>({1}, {9223372036854775808.0}).to<int64_t>("x"), Error);
    CHECK(NpyArray::from<double>({1}, {-9223372036854775808.0}).to<int64_t>("x")[0] ==
          std::numeric_limits<int64_t>::min());
}

TEST_CASE("npy: invalid headers are rejected") {
    const char* data = "12345678";
    CHECK(contains(parse_error("\x93NUMPX"), "too few"));
    CHECK(contains(parse_error("0123456789abcdef"), "does not begin"));
    CHECK(contains(parse_error(std::string("\x93NUMPY\x04\x00\x01\x00 ", 11)), "version 4.0"));
    CHECK(contains(parse_error(std::string("\x93NUMPY\x01\x00\xff\xff{}", 12)), "header of 65535 bytes"));
    auto dictionary = [&](const std::string& text) { return parse_error(file(text, data)); };
    CHECK(dictionary("{'descr': '<f8', 'fortran_order': False, 'shape': (1,)}").empty());
    CHECK(
        contains(dictionary("{'descr': '<f8', 'fortran_order': False, 'shape': (2,)}"), "needs 16 bytes, there are 8"));
    CHECK(contains(dictionary("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}"), "0 or more"));
    CHECK(contains(dictionary("{'descr': '<f8', 'fortran_order': False, 'shape': (1.0,)}"), "',' expected"));
    CHECK(contains(dictionary("{'descr': '<f8', 'fortran_order': False, 'shape': (1)}"), "not a tuple"));
    CHECK(
        contains(dictionary("{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999,)}"), "63 bits"));
    CHECK(contains(dictionary("{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296)}"),
                   "overflows"));
    CHECK(contains(dictionary("{'descr': '<f8', 'fortran_order': False, 'shape': (0, 4294967296, 4294967296)}"),
                   "overflows"));
    std::string many = "{'descr': '<f8', 'fortran_order': False, 'shape': (";
    for (int i = 0; i < 70; ++i) many += "1, ";
    CHECK(contains(dictionary(many + ")}"), "more than 64 dimensions"));
    CHECK(contains(dictionary("{'descr': '<f8', 'fortran_order': False}"), "missing"));
    CHECK(contains(dictionary("{'descr': '<f8', 'descr': '<f8', 'shape': (1,)}"), "repeated key 'descr'"));
    CHECK(contains(dictionary("{'descr': '<f8', 'fortran_order': 0, 'shape': (1,)}"), "True or False"));
    CHECK(contains(dictionary("{'descr': '<f8', 'fortran_order': False, 'shape': (1,)} x"), "after the dictionary"));
    CHECK(contains(dictionary("{'descr': '<f8"), "quote is not closed"));
    CHECK(contains(dictionary("{'descr': [('a', '<f4'"), "bracket is not closed"));
    for (const char* descr : {"|O", "<U2", "|S1", "|V3", "<M8[s]", "<c8", "<c16", "<f16", "=f8", "<f3", ""}) {
        CAPTURE(descr);
        CHECK(contains(dictionary(text("{'descr': '", descr, "', 'fortran_order': False, 'shape': (1,)}")),
                       "not supported"));
    }
    CHECK(contains(dictionary("{'descr': [('a', '<f4', (2,))], 'fortran_order': False, 'shape': (1,)}"),
                   "dtype [('a', '<f4', (2,))] is not supported"));
}
