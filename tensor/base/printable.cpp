#include "tensor/base/printable.h"

#include <algorithm>
#include <cstdint>

namespace astro {

namespace {

// Bytes of the character that begins at `at`, if it is valid UTF-8 that a terminal only draws; else 0.
size_t drawn_character(std::string_view text, size_t at) {
    const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[at + i]); };
    const uint8_t first = byte(0);
    if (first < 0x80) return first >= 0x20 && first != 0x7F ? 1 : 0;
    const size_t n = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || n > text.size() - at) return 0;
    uint32_t code = first & (0x7Fu >> n);
    for (size_t i = 1; i < n; ++i) {
        if ((byte(i) & 0xC0) != 0x80) return 0;
        code = code << 6 | (byte(i) & 0x3Fu);
    }
    const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (code < smallest[n] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return 0;
    const bool control = code < 0xA0 || code == 0x61C || code == 0x200E || code == 0x200F ||
                         (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
    return control ? 0 : n;
}

}  // namespace

std::string printable(std::string_view text, size_t limit) {
    constexpr const char* kDigits = "0123456789abcdef";
    std::string out;
    for (size_t at = 0; at < text.size();) {
        if (out.size() >= limit) return out + "... (" + std::to_string(text.size()) + " bytes)";
        const size_t n = drawn_character(text, at);
        if (n > 0) {
            out.append(text.substr(at, n));
        } else {
            const auto byte = static_cast<uint8_t>(text[at]);
            out += "\\x";
            out += kDigits[byte >> 4];
            out += kDigits[byte & 15];
        }
        at += std::max<size_t>(n, 1);
    }
    return out;
}

}  // namespace astro
