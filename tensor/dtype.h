// Element types of tensors, and the dispatch from run-time to compile-time types.
#pragma once

#include <cstdint>

#include "tensor/base/error.h"

namespace astro {

enum class DType { f32, f64, i32, i64, u8 };

inline int64_t dtype_size(DType type) {
    switch (type) {
        case DType::f32:
        case DType::i32:
            return 4;
        case DType::f64:
        case DType::i64:
            return 8;
        case DType::u8:
            return 1;
    }
    return 0;
}

inline const char* dtype_name(DType type) {
    switch (type) {
        case DType::f32:
            return "f32";
        case DType::f64:
            return "f64";
        case DType::i32:
            return "i32";
        case DType::i64:
            return "i64";
        case DType::u8:
            return "u8";
    }
    return "?";
}

template <class T>
struct DTypeOf;
template <>
struct DTypeOf<float> {
    static constexpr DType value = DType::f32;
};
template <>
struct DTypeOf<double> {
    static constexpr DType value = DType::f64;
};
template <>
struct DTypeOf<int32_t> {
    static constexpr DType value = DType::i32;
};
template <>
struct DTypeOf<int64_t> {
    static constexpr DType value = DType::i64;
};
template <>
struct DTypeOf<uint8_t> {
    static constexpr DType value = DType::u8;
};

// Calls f(T{}) with the type's T.
template <class F>
void visit(DType type, F&& f) {
    switch (type) {
        case DType::f32:
            return f(float{});
        case DType::f64:
            return f(double{});
        case DType::i32:
            return f(int32_t{});
        case DType::i64:
            return f(int64_t{});
        case DType::u8:
            return f(uint8_t{});
    }
}

// Calls f(T{}) with T = float or double; throws for other types, naming the caller.
template <class F>
decltype(auto) visit_float(const char* op, DType type, F&& f) {
    if (type == DType::f32) return f(float{});
    if (type == DType::f64) return f(double{});
    fail(ErrorKind::internal, op, ": expected f32 or f64, got ", dtype_name(type));
}

}  // namespace astro
