// Words of commands that the program prints, so that a shell reads them as they are.
#pragma once

#include <string>

namespace astro::app {

// The word itself, or in single quotes if it contains blanks or characters that a shell interprets.
inline std::string shell_word(const std::string& word) {
    const char* plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_@%+=:,./-";
    if (!word.empty() && word.find_first_not_of(plain) == std::string::npos) return word;
    std::string quoted = "'";
    for (char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return quoted + "'";
}

}  // namespace astro::app
