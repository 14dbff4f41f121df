// Reads the data of a .npy file and converts elements. npy_header.cpp handles the header.
#include "data/npy.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "tensor/base/error.h"
#include "tensor/base/printable.h"
#include "tensor/base/rows.h"

namespace astro::data {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "arrays in memory are little-endian");

namespace {

// Converts an array from Fortran order to C order. item: bytes per element.
std::vector<uint8_t> to_c_order(const std::vector<uint8_t>& in, const std::vector<int64_t>& shape, size_t item) {
    std::vector<uint8_t> out(in.size());
    std::vector<int64_t> stride(shape.size()), index(shape.size(), 0);
    int64_t step = 1;
    for (size_t d = 0; d < shape.size(); ++d) {
        stride[d] = step;
        step *= shape[d];
    }
    int64_t from = 0;
    for (size_t to = 0; to < in.size(); to += item) {
        std::memcpy(&out[to], &in[to_size(from) * item], item);
        for (size_t d = shape.size(); d-- > 0;) {
            from += stride[d];
            if (++index[d] < shape[d]) break;
            from -= stride[d] * shape[d];
            index[d] = 0;
        }
    }
    return out;
}

float half_to_float(uint16_t half) {
    float sign = (half & 0x8000) != 0 ? -1.0f : 1.0f;
    int exponent = half >> 10 & 31, fraction = half & 1023;
    if (exponent == 31) {
        return fraction != 0 ? std::numeric_limits<float>::quiet_NaN() : sign * std::numeric_limits<float>::infinity();
    }
    if (exponent == 0) return sign * std::ldexp(static_cast<float>(fraction), -24);
    return sign * std::ldexp(static_cast<float>(fraction + 1024), exponent - 25);
}

// Converts one element. False if the value would change other than by rounding.
template <class To, class From>
bool convert(From value, To& out) {
    if constexpr (std::is_floating_point_v<To>) {
        out = static_cast<To>(value);
        if constexpr (std::is_floating_point_v<From>) return std::isfinite(out) || !std::isfinite(value);
        return true;
    } else if constexpr (std::is_floating_point_v<From>) {
        // 2^digits is the smallest value that is too large. It is exact as a double, unlike the maximum of the type.
        const double limit = std::ldexp(1.0, std::numeric_limits<To>::digits);
        const double v = static_cast<double>(value), low = std::is_signed_v<To> ? -limit : 0.0;
        if (!(v >= low && v < limit) || v != std::trunc(v)) return false;
        out = static_cast<To>(value);
        return true;
    } else {
        out = static_cast<To>(value);
        return static_cast<From>(out) == value && (out < To{0}) == (value < From{0});
    }
}

// Read: type of the bytes in the array; From: type of the value.
template <class To, class From, class Read = From>
void convert_all(const NpyArray& array, std::vector<To>& out, const std::string& name) {
    for (size_t i = 0; i < out.size(); ++i) {
        Read raw;
        std::memcpy(&raw, &array.bytes[i * sizeof raw], sizeof raw);
        From value;
        if constexpr (std::is_same_v<Read, uint16_t> && std::is_same_v<From, float>) {
            value = half_to_float(raw);
        } else {
            value = static_cast<From>(raw);
        }
        if (!convert(value, out[i])) {
            fail(ErrorKind::data, name, ": element ", i, " is ", +value, ", which ", type_name(NpyTypeOf<To>::value),
                 " cannot hold");
        }
    }
}

}  // namespace

int64_t NpyArray::count() const { return npy_count(shape, item_size(type), "array"); }

NpyArray NpyArray::copy(NpyType type, std::vector<int64_t> shape, const void* data, size_t count) {
    NpyArray array;
    array.type = type;
    array.shape = std::move(shape);
    ASTRO_CHECK(array.count() == static_cast<int64_t>(count), "NpyArray: ", count, " elements for shape ",
                shape_text(array.shape));
    const uint8_t* from = static_cast<const uint8_t*>(data);
    array.bytes.assign(from, from + count * item_size(type));
    return array;
}

template <class T>
std::vector<T> NpyArray::to(const std::string& name) const {
    std::vector<T> out(to_size(count()));
    switch (type) {
        case NpyType::b1:
            for (size_t i = 0; i < out.size(); ++i) out[i] = static_cast<T>(bytes[i] != 0);
            break;
        case NpyType::i1:
            convert_all<T, int8_t>(*this, out, name);
            break;
        case NpyType::i2:
            convert_all<T, int16_t>(*this, out, name);
            break;
        case NpyType::i4:
            convert_all<T, int32_t>(*this, out, name);
            break;
        case NpyType::i8:
            convert_all<T, int64_t>(*this, out, name);
            break;
        case NpyType::u1:
            convert_all<T, uint8_t>(*this, out, name);
            break;
        case NpyType::u2:
            convert_all<T, uint16_t>(*this, out, name);
            break;
        case NpyType::u4:
            convert_all<T, uint32_t>(*this, out, name);
            break;
        case NpyType::u8:
            convert_all<T, uint64_t>(*this, out, name);
            break;
        case NpyType::f2:
            convert_all<T, float, uint16_t>(*this, out, name);
            break;
        case NpyType::f4:
            convert_all<T, float>(*this, out, name);
            break;
        case NpyType::f8:
            convert_all<T, double>(*this, out, name);
            break;
    }
    return out;
}
template std::vector<float> NpyArray::to(const std::string&) const;
template std::vector<double> NpyArray::to(const std::string&) const;
template std::vector<int32_t> NpyArray::to(const std::string&) const;
template std::vector<int64_t> NpyArray::to(const std::string&) const;
template std::vector<uint8_t> NpyArray::to(const std::string&) const;
template std::vector<uint32_t> NpyArray::to(const std::string&) const;
template std::vector<uint64_t> NpyArray::to(const std::string&) const;

NpyArray read_npy_data(const NpySource& source, const NpyHeader& header, const std::string& where) {
    if (!header.supported) {
        fail(ErrorKind::data, where, ": dtype ", printable(header.descr, 60),
             " is not supported, expected bool, integers or float16/32/64");
    }
    NpyArray array;
    array.type = header.type;
    array.shape = header.shape;
    size_t item = item_size(header.type);
    array.bytes.resize(to_size(header.count) * item);
    if (!array.bytes.empty()) source(array.bytes.data(), array.bytes.size());
    if (header.big_endian) {
        for (auto p = array.bytes.begin(); p != array.bytes.end(); p += static_cast<std::ptrdiff_t>(item)) {
            std::reverse(p, p + static_cast<std::ptrdiff_t>(item));
        }
    }
    if (header.fortran_order && header.shape.size() > 1) array.bytes = to_c_order(array.bytes, header.shape, item);
    return array;
}

}  // namespace astro::data
