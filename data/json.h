// JSON values (RFC 8259), for manifests, results and checkpoint descriptions.
//
// Objects keep the order in which keys were inserted. Numbers are written with the fewest digits that restore the same
// value. Equal values therefore give equal bytes. NaN and infinity, which JSON does not have, are written as null.
// Errors: Error(data) "ORIGIN: line L, column C: ..." from the parser; Error(data) for a missing key or a wrong kind.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace astro::data {

class Json {
  public:
    enum class Kind { null, boolean, integer, real, string, array, object };
    using Member = std::pair<std::string, Json>;

    Json() = default;  // null
    Json(bool value) : kind_(Kind::boolean), boolean_(value) {}
    Json(float value);  // written with as many digits as a float needs: 0.1f as 0.1
    Json(double value) : kind_(Kind::real), real_(value) {}
    Json(std::string value) : kind_(Kind::string), string_(std::move(value)) {}
    Json(std::string_view value) : Json(std::string(value)) {}
    Json(const char* value) : Json(std::string(value)) {}
    template <class T, class = std::enable_if_t<std::is_integral_v<T> && !std::is_same_v<T, bool>>>
    Json(T value) : kind_(Kind::integer), integer_(static_cast<int64_t>(value)) {}
    template <class T>
    Json(const std::vector<T>& values) : kind_(Kind::array), elements_(values.begin(), values.end()) {}

    static Json object();
    static Json array();

    Kind kind() const { return kind_; }

    // Objects. [] inserts a null member if the key is new. It converts a null value to an empty object first.
    Json& operator[](std::string_view key);
    const Json* find(std::string_view key) const;  // nullptr if absent
    const Json& at(std::string_view key) const;    // Error(data) if absent
    const std::vector<Member>& members() const;

    // Arrays. push converts a null value to an empty array first.
    void push(Json value);
    const std::vector<Json>& elements() const;

    bool as_bool() const;
    int64_t as_integer() const;
    double as_real() const;  // accepts integers; returns NaN for null
    const std::string& as_string() const;

    // indent: spaces per level; 0 writes one line. There is no newline at the end.
    std::string dump(int indent = 2) const;

    // origin: name of the text in error messages, for example a path.
    static Json parse(std::string_view text, const std::string& origin);

  private:
    [[noreturn]] void wrong_kind(const char* wanted) const;
    void dump_to(std::string& out, int indent, int level) const;

    Kind kind_ = Kind::null;
    bool boolean_ = false;
    int64_t integer_ = 0;
    double real_ = 0;
    std::string string_;
    std::vector<Json> elements_;
    std::vector<Member> members_;
};

}  // namespace astro::data
