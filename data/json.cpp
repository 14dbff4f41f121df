#include "data/json.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "data/utf8.h"
#include "tensor/base/error.h"
#include "tensor/base/printable.h"
#include "tensor/base/rows.h"

namespace astro::data {

namespace {

constexpr int kDeepest = 100;  // limit on the nesting of parsed text, because the parser is recursive

void write_string(std::string& out, std::string_view value) {
    out += '"';
    for (size_t i = 0; i < value.size(); ++i) {
        const char c = value[i];
        switch (c) {
            case '"':
                out += "\\\"";
                break;
            case '\\':
                out += "\\\\";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\r':
                out += "\\r";
                break;
            case '\t':
                out += "\\t";
                break;
            default:
                if (static_cast<unsigned char>(c) < 0x20) {
                    const char* digits = "0123456789abcdef";
                    out += "\\u00";
                    out += digits[c >> 4 & 15];
                    out += digits[c & 15];
                } else if (const size_t length = utf8_length(value, i); length > 0) {
                    out.append(value, i, length);
                    i += length - 1;
                } else {  // a byte that is not UTF-8, as in names of files; written as Python's surrogateescape does
                    const char* digits = "0123456789abcdef";
                    out += "\\udc";
                    out += digits[c >> 4 & 15];
                    out += digits[c & 15];
                }
        }
    }
    out += '"';
}

template <class T>
std::string shortest(T value) {
    char digits[32];
    return std::string(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

class Parser {
  public:
    Parser(std::string_view text, const std::string& origin) : text_(text), origin_(origin) {}

    Json document() {
        Json value = parse_value(0);
        skip_space();
        if (at_ != text_.size()) refuse("text after the value");
        return value;
    }

  private:
    [[noreturn]] void refuse(const std::string& why) const {
        size_t line = 1, column = 1;
        for (char c : text_.substr(0, at_)) {
            ++column;
            if (c == '\n') {
                ++line;
                column = 1;
            }
        }
        fail(ErrorKind::data, origin_, ": line ", line, ", column ", column, ": not valid JSON: ", why);
    }
    char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    void skip_space() {
        while (peek() == ' ' || peek() == '\n' || peek() == '\t' || peek() == '\r') ++at_;
    }
    bool take(char wanted) {
        skip_space();
        if (peek() != wanted || at_ >= text_.size()) return false;
        ++at_;
        return true;
    }
    void expect(char wanted) {
        if (!take(wanted)) refuse(astro::text("'", wanted, "' expected"));
    }
    bool word(std::string_view wanted) {
        if (text_.substr(at_, wanted.size()) != wanted) return false;
        at_ += wanted.size();
        return true;
    }

    Json parse_value(int depth) {
        if (depth > kDeepest) refuse("nested too deeply");
        skip_space();
        char c = peek();
        if (c == '{') return parse_object(depth);
        if (c == '[') return parse_array(depth);
        if (c == '"') return Json(parse_string());
        if (word("true")) return Json(true);
        if (word("false")) return Json(false);
        if (word("null")) return Json();
        if (c == '-' || (c >= '0' && c <= '9')) return parse_number();
        refuse("a value expected");
    }
    Json parse_object(int depth) {
        Json object = Json::object();
        expect('{');
        if (take('}')) return object;
        do {
            skip_space();
            std::string key = parse_string();
            if (object.find(key) != nullptr) refuse(astro::text("key \"", printable(key, 60), "\" occurs twice"));
            expect(':');
            object[key] = parse_value(depth + 1);
        } while (take(','));
        expect('}');
        return object;
    }
    Json parse_array(int depth) {
        Json array = Json::array();
        expect('[');
        if (take(']')) return array;
        do {
            array.push(parse_value(depth + 1));
        } while (take(','));
        expect(']');
        return array;
    }
    Json parse_number() {
        size_t begin = at_;
        bool integer = true;
        auto digits = [&] {
            size_t first = at_;
            while (peek() >= '0' && peek() <= '9') ++at_;
            if (at_ == first) refuse("a digit expected");
        };
        if (peek() == '-') ++at_;
        if (peek() == '0') {
            ++at_;
            if (peek() >= '0' && peek() <= '9') refuse("a number must not begin with 0");
        } else {
            digits();
        }
        if (peek() == '.') {
            integer = false;
            ++at_;
            digits();
        }
        if (peek() == 'e' || peek() == 'E') {
            integer = false;
            ++at_;
            if (peek() == '+' || peek() == '-') ++at_;
            digits();
        }
        const char *from = text_.data() + begin, *to = text_.data() + at_;
        int64_t whole = 0;
        if (integer && std::from_chars(from, to, whole).ec == std::errc()) return Json(whole);
        double real = 0;
        if (std::from_chars(from, to, real).ec != std::errc()) refuse("number out of range");
        return Json(real);
    }
    uint32_t parse_hex4() {
        uint32_t code = 0;
        if (text_.size() - at_ < 4) refuse("four hexadecimal digits expected");
        const char* from = text_.data() + at_;
        if (std::from_chars(from, from + 4, code, 16).ptr != from + 4) refuse("four hexadecimal digits expected");
        at_ += 4;
        return code;
    }
    std::string parse_string() {
        std::string out;
        if (peek() != '"') refuse("'\"' expected");
        ++at_;
        for (;;) {
            if (at_ >= text_.size()) refuse("a string is not closed");
            char c = text_[at_++];
            if (c == '"') return out;
            if (static_cast<unsigned char>(c) < 0x20) refuse("control character in a string");
            if (c != '\\') {
                out += c;
                continue;
            }
            switch (char escape = peek(); ++at_, escape) {
                case '"':
                case '\\':
                case '/':
                    out += escape;
                    break;
                case 'b':
                    out += '\b';
                    break;
                case 'f':
                    out += '\f';
                    break;
                case 'n':
                    out += '\n';
                    break;
                case 'r':
                    out += '\r';
                    break;
                case 't':
                    out += '\t';
                    break;
                case 'u': {
                    uint32_t code = parse_hex4();
                    if (code >= 0xD800 && code < 0xDC00 && word("\\u")) {
                        uint32_t low = parse_hex4();
                        if (low < 0xDC00 || low > 0xDFFF) refuse("incomplete surrogate pair");
                        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
                    } else if (code >= 0xDC80 && code < 0xDD00) {  // a byte that is not UTF-8
                        out += static_cast<char>(code & 0xFF);
                        break;
                    } else if (code >= 0xD800 && code < 0xE000) {
                        refuse("incomplete surrogate pair");
                    }
                    write_utf8(out, code);
                    break;
                }
                default:
                    refuse("unknown escape in a string");
            }
        }
    }

    std::string_view text_;
    const std::string& origin_;
    size_t at_ = 0;
};

}  // namespace

Json::Json(float value) : kind_(Kind::real), real_(static_cast<double>(value)) {
    if (!std::isfinite(value)) return;
    std::string digits = shortest(value);
    std::from_chars(digits.data(), digits.data() + digits.size(), real_);
}

Json Json::object() {
    Json value;
    value.kind_ = Kind::object;
    return value;
}

Json Json::array() {
    Json value;
    value.kind_ = Kind::array;
    return value;
}

void Json::wrong_kind(const char* wanted) const {
    fail(ErrorKind::data, "JSON: ", wanted, " expected, found ", printable(dump(0), 60));
}

Json& Json::operator[](std::string_view key) {
    if (kind_ == Kind::null) kind_ = Kind::object;
    if (kind_ != Kind::object) wrong_kind("an object");
    for (Member& member : members_) {
        if (member.first == key) return member.second;
    }
    members_.emplace_back(std::string(key), Json());
    return members_.back().second;
}

const Json* Json::find(std::string_view key) const {
    for (const Member& member : members()) {
        if (member.first == key) return &member.second;
    }
    return nullptr;
}

const Json& Json::at(std::string_view key) const {
    if (const Json* found = find(key)) return *found;
    fail(ErrorKind::data, "JSON: no key \"", key, "\"");
}

const std::vector<Json::Member>& Json::members() const {
    if (kind_ != Kind::object) wrong_kind("an object");
    return members_;
}

void Json::push(Json value) {
    if (kind_ == Kind::null) kind_ = Kind::array;
    if (kind_ != Kind::array) wrong_kind("an array");
    elements_.push_back(std::move(value));
}

const std::vector<Json>& Json::elements() const {
    if (kind_ != Kind::array) wrong_kind("an array");
    return elements_;
}

bool Json::as_bool() const {
    if (kind_ != Kind::boolean) wrong_kind("true or false");
    return boolean_;
}

int64_t Json::as_integer() const {
    if (kind_ != Kind::integer) wrong_kind("an integer");
    return integer_;
}

double Json::as_real() const {
    if (kind_ == Kind::integer) return static_cast<double>(integer_);
    if (kind_ == Kind::null) return std::numeric_limits<double>::quiet_NaN();
    if (kind_ != Kind::real) wrong_kind("a number");
    return real_;
}

const std::string& Json::as_string() const {
    if (kind_ != Kind::string) wrong_kind("a string");
    return string_;
}

void Json::dump_to(std::string& out, int indent, int level) const {
    auto new_line = [&](int depth) {
        if (indent > 0) out += '\n' + std::string(to_size(indent * depth), ' ');
    };
    auto list = [&](char open, char close, size_t n, auto&& write_item) {
        out += open;
        for (size_t i = 0; i < n; ++i) {
            if (i > 0) out += indent > 0 ? "," : ", ";
            new_line(level + 1);
            write_item(i);
        }
        if (n > 0) new_line(level);
        out += close;
    };
    switch (kind_) {
        case Kind::null:
            out += "null";
            break;
        case Kind::boolean:
            out += boolean_ ? "true" : "false";
            break;
        case Kind::integer:
            out += std::to_string(integer_);
            break;
        case Kind::real: {
            if (!std::isfinite(real_)) {
                out += "null";
                break;
            }
            std::string digits = shortest(real_);
            // A real number without a fraction must be read back as real, not as integer.
            if (digits.find_first_of(".e") == std::string::npos) digits += ".0";
            out += digits;
            break;
        }
        case Kind::string:
            write_string(out, string_);
            break;
        case Kind::array:
            list('[', ']', elements_.size(), [&](size_t i) { elements_[i].dump_to(out, indent, level + 1); });
            break;
        case Kind::object:
            list('{', '}', members_.size(), [&](size_t i) {
                write_string(out, members_[i].first);
                out += ": ";
                members_[i].second.dump_to(out, indent, level + 1);
            });
            break;
    }
}

std::string Json::dump(int indent) const {
    std::string out;
    dump_to(out, indent, 0);
    return out;
}

Json Json::parse(std::string_view text, const std::string& origin) { return Parser(text, origin).document(); }

}  // namespace astro::data
