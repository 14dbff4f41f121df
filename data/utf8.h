// UTF-8 (RFC 3629).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace astro::data {

// The number of bytes of the character at the index, from 1 to 4; 0 if the bytes are not UTF-8.
size_t utf8_length(std::string_view text, size_t index);

// Appends a character. code: at most 0x10FFFF.
void write_utf8(std::string& out, uint32_t code);

}  // namespace astro::data
