// Checks of error messages.
#pragma once

#include <doctest/doctest.h>

#include <functional>
#include <string>

#include "tensor/base/error.h"

namespace astro {

// The message of the Error that the action throws; empty if it throws none. Checks the kind of the error and that the
// message is a single line.
inline std::string error_message(const std::function<void()>& action, ErrorKind kind = ErrorKind::data) {
    try {
        action();
    } catch (const Error& error) {
        const std::string message = error.what();
        CHECK(error.kind() == kind);
        CHECK(message.find('\n') == std::string::npos);
        return message;
    }
    return "";
}

// Whether the text contains the part. Prints the text if it does not.
inline bool contains(const std::string& text, const std::string& part) {
    const bool found = text.find(part) != std::string::npos;
    if (!found) MESSAGE("'" << part << "' is not in '" << text << "'");
    return found;
}

}  // namespace astro
