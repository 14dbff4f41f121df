// NumPy's .npy format (numpy/lib/_format_impl.py, versions 1.0, 2.0 and 3.0): typed arrays with a shape.
//
// Supported when reading: bool, signed and unsigned integers of 1 to 8 bytes, floats of 2, 4 and 8 bytes, both byte
// orders, C and Fortran order. Arrays in memory are little-endian and in C order. Files are written in version 1.0 and
// C order; the data begin at a multiple of 64 bytes. Other dtypes (objects, text, complex, dates, records) are rejected
// with their name. Pickles are never loaded. Errors: Error(data) that begins with `where` (path and member).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace astro::data {

enum class NpyType : uint8_t { b1, i1, i2, i4, i8, u1, u2, u4, u8, f2, f4, f8 };

size_t item_size(NpyType type);
std::string_view type_name(NpyType type);                   // NumPy's name: "bool", "int64", "float32", ...
std::string shape_text(const std::vector<int64_t>& shape);  // as printed by Python: "(3,)", "(104, 2)"
// Number of elements of an array of this shape. Error(data) if its size in bytes, at `item` bytes per element, exceeds
// 63 bits. Dimensions of 0 are ignored in this check, so a huge dimension is always detected.
int64_t npy_count(const std::vector<int64_t>& shape, size_t item, const std::string& where);

template <class T>
struct NpyTypeOf;
template <>
struct NpyTypeOf<int8_t> {
    static constexpr NpyType value = NpyType::i1;
};
template <>
struct NpyTypeOf<int16_t> {
    static constexpr NpyType value = NpyType::i2;
};
template <>
struct NpyTypeOf<int32_t> {
    static constexpr NpyType value = NpyType::i4;
};
template <>
struct NpyTypeOf<int64_t> {
    static constexpr NpyType value = NpyType::i8;
};
template <>
struct NpyTypeOf<uint8_t> {
    static constexpr NpyType value = NpyType::u1;
};
template <>
struct NpyTypeOf<uint16_t> {
    static constexpr NpyType value = NpyType::u2;
};
template <>
struct NpyTypeOf<uint32_t> {
    static constexpr NpyType value = NpyType::u4;
};
template <>
struct NpyTypeOf<uint64_t> {
    static constexpr NpyType value = NpyType::u8;
};
template <>
struct NpyTypeOf<float> {
    static constexpr NpyType value = NpyType::f4;
};
template <>
struct NpyTypeOf<double> {
    static constexpr NpyType value = NpyType::f8;
};

struct NpyArray {
    NpyType type = NpyType::f4;
    std::vector<int64_t> shape;
    std::vector<uint8_t> bytes;  // little-endian, C order

    int64_t count() const;  // product of shape

    // The elements converted to T (float, double, int32_t, int64_t, uint8_t, uint32_t, uint64_t). Conversions to floats
    // may round. Error(data) for any other change of a value: overflow, or a fraction or NaN converted to an integer.
    // name: of the array, for error messages.
    template <class T>
    std::vector<T> to(const std::string& name) const;

    template <class T>
    static NpyArray from(std::vector<int64_t> shape, const std::vector<T>& values) {
        return copy(NpyTypeOf<T>::value, std::move(shape), values.data(), values.size());
    }
    // count: number of elements at data. Error(internal) unless it is the product of shape.
    static NpyArray copy(NpyType type, std::vector<int64_t> shape, const void* data, size_t count);
};

struct NpyHeader {
    std::string descr;       // as in the file: "<f4"
    bool supported = false;  // false: the dtype cannot be read; `type` and `big_endian` are not set
    NpyType type = NpyType::f4;
    bool big_endian = false;
    bool fortran_order = false;
    std::vector<int64_t> shape;
    int64_t count = 0;          // number of elements
    uint64_t header_bytes = 0;  // size of the header, and offset of the data
};

// Reads the next n bytes of a .npy file into out.
using NpySource = std::function<void(void* out, uint64_t n)>;

// Reads and checks the header. total: size of the whole .npy file in bytes. It must equal the size of the header plus
// the size of the data, which follows from dtype and shape.
NpyHeader read_npy_header(const NpySource& source, uint64_t total, const std::string& where);

// Reads the data after the header, converted to native byte order and C order. Error(data) for an unsupported dtype.
NpyArray read_npy_data(const NpySource& source, const NpyHeader& header, const std::string& where);

// The bytes of a header for little-endian data in C order.
std::string npy_header(NpyType type, const std::vector<int64_t>& shape);

}  // namespace astro::data
