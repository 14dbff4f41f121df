// Errors: one exception class with a category, and checks that are always enabled.
//
// A message states what went wrong, where, what was expected and, if possible, a hint. Libraries throw and do not
// recover. Only apps/ turns an Error into an exit code.
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>

namespace astro {

// The category of an error. apps/ maps it to an exit code: usage -> 2, data -> 3, all others -> 1.
enum class ErrorKind { usage, data, io, device, numeric, interrupted, internal };

class Error : public std::runtime_error {
  public:
    Error(ErrorKind kind, const std::string& message, std::string detail = "")
        : std::runtime_error(message), kind_(kind), detail_(std::move(detail)) {}
    ErrorKind kind() const { return kind_; }
    const std::string& detail() const { return detail_; }  // further lines, printed with --trace; may be empty

  private:
    ErrorKind kind_;
    std::string detail_;
};

// Concatenates anything printable: text("row ", 3, ": expected ", x).
template <class... Parts>
std::string text(const Parts&... parts) {
    std::ostringstream out;
    (out << ... << parts);
    return out.str();
}

template <class... Parts>
[[noreturn]] void fail(ErrorKind kind, const Parts&... parts) {
    throw Error(kind, text(parts...));
}

}  // namespace astro

// Checks a precondition of an API: throws Error(internal, message parts...) if the condition is false.
#define ASTRO_CHECK(condition, ...)                                                 \
    do {                                                                            \
        if (!(condition)) ::astro::fail(::astro::ErrorKind::internal, __VA_ARGS__); \
    } while (false)
