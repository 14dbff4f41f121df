// JSON values (RFC 8259), for manifests, results and checkpoint descriptions.
//
// Objects keep the order in which their keys were set, numbers are written in the shortest form that reads back the
// same, so equal values give equal bytes. NaN and infinity, which JSON lacks, are written as null. Errors: Error(data)
// "ORIGIN: line L, column C: ..." from parsing, Error(data) for a missing key or other kind.
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
    Json(float value);  // written with a float's digits: 0.1f is 0.1
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

    // Objects. [] appends a null member where the key is new, and makes an object of null.
    Json& operator[](std::string_view key);
    const Json* find(std::string_view key) const;  // null pointer when absent
    const Json& at(std::string_view key) const;    // Error(data) when absent
    const std::vector<Member>& members() const;

    // Arrays. push makes an array of null.
    void push(Json value);
    const std::vector<Json>& elements() const;

    bool as_bool() const;
    int64_t as_integer() const;
    double as_real() const;  // integers too; null is NaN
    const std::string& as_string() const;

    // indent 0: one line; else that many spaces a level. Without a final new line.
    std::string dump(int indent = 2) const;

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
