// Text from a file, a file's name or a command line, made fit for a terminal and for one line of a message.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace astro {

// Printable ASCII and valid UTF-8 stay. Control characters (C0, DEL, C1, line and paragraph separators, those that
// change the direction of writing) and bytes that are no UTF-8 become \xNN, byte by byte. What is longer than `most`
// bytes is cut there, and says so.
std::string printable(std::string_view text, size_t most = 120);

}  // namespace astro
