// Makes text from files, file names and command lines safe for a terminal and for a message of one line.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace astro {

// Printable ASCII and valid UTF-8 are kept. Control characters (C0, DEL, C1, line and paragraph separators, and those
// that change the writing direction) and bytes that are not valid UTF-8 are replaced by \xNN, byte by byte. The result
// is truncated after about `limit` bytes; "... (N bytes)" with the length of the text is then appended.
std::string printable(std::string_view text, size_t limit = 120);

}  // namespace astro
