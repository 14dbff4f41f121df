#include "apps/command_line/settings.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "tensor/base/error.h"
#include "tensor/base/nearest_name.h"
#include "tensor/base/printable.h"

namespace astro::app {
namespace {

bool starts_like_a_number(const std::string& word) {
    const size_t first = !word.empty() && word[0] == '-' ? 1 : 0;
    return first < word.size() && ((word[first] >= '0' && word[first] <= '9') || word[first] == '.');
}

[[noreturn]] void refuse(SettingKind kind, const Domain& domain) {
    fail(ErrorKind::usage, "expected ", expectation(kind, domain));
}

}  // namespace

bool parse_boolean(const std::string& word) {
    if (word == "on" || word == "true") return true;
    if (word == "off" || word == "false") return false;
    refuse(SettingKind::boolean, {});
}

int64_t parse_integer(const std::string& word, const Domain& domain) {
    if (domain.automatic && word == "auto") return static_cast<int64_t>(domain.automatic_value);
    char* end = nullptr;
    errno = 0;
    long long value = std::strtoll(word.c_str(), &end, 10);
    if (*end == '.' || *end == 'e' || *end == 'E') {  // 1e3, 2.5e4, 300.0: a whole number that a double holds exactly
        constexpr double kExact = 9007199254740992;   // 2^53
        const double real = std::strtod(word.c_str(), &end);
        if (!(std::fabs(real) <= kExact) || real != std::trunc(real)) refuse(SettingKind::integer, domain);
        value = static_cast<long long>(real);
    }
    if (!starts_like_a_number(word) || *end != 0 || end != word.c_str() + word.size() || errno != 0 ||
        static_cast<double>(value) < domain.low || static_cast<double>(value) > domain.high)
        refuse(SettingKind::integer, domain);
    return value;
}

double parse_real(const std::string& word, const Domain& domain) {
    if (domain.automatic && word == "auto") return domain.automatic_value;
    char* end = nullptr;
    const double value = std::strtod(word.c_str(), &end);
    const bool hexadecimal = word.find_first_of("xX") != std::string::npos;
    if (!starts_like_a_number(word) || hexadecimal || end != word.c_str() + word.size() || !std::isfinite(value) ||
        value < domain.low || value > domain.high)
        refuse(SettingKind::real, domain);
    return value;
}

const std::string& parse_word(const std::string& word, const Domain& domain) {
    const auto found = std::find(domain.choices.begin(), domain.choices.end(), word);
    if (found == domain.choices.end()) refuse(SettingKind::word, domain);
    return *found;
}

std::string print_real(double value) {
    char buffer[40];
    if (std::fabs(value) < 1e7 && value == std::floor(value)) {
        std::snprintf(buffer, sizeof buffer, "%.0f", value);
        return buffer;
    }
    for (int digits = 1; digits <= 17; ++digits) {
        std::snprintf(buffer, sizeof buffer, "%.*g", digits, value);
        if (std::strtod(buffer, nullptr) == value) break;
    }
    // Shorten 1e-05 and 1e+09 to 1e-5 and 1e9.
    std::string word = buffer;
    const size_t exponent = word.find('e');
    if (exponent == std::string::npos) return word;
    const std::string sign = word[exponent + 1] == '-' ? "-" : "";
    const size_t digit = word.find_first_not_of('0', exponent + 2);
    return word.substr(0, exponent + 1) + sign + word.substr(digit);
}

std::vector<std::string> split_list(const std::string& text) {
    std::vector<std::string> entries;
    size_t start = 0;
    while (true) {
        const size_t comma = text.find(',', start);
        const size_t first = text.find_first_not_of(' ', start);
        const size_t end = comma == std::string::npos ? text.size() : comma;
        if (first == std::string::npos || first >= end)
            fail(ErrorKind::usage, "expected a comma-separated list without empty entries");
        entries.push_back(text.substr(first, text.find_last_not_of(' ', end - 1) - first + 1));
        if (comma == std::string::npos) return entries;
        start = comma + 1;
    }
}

std::string expectation(SettingKind kind, const Domain& domain) {
    if (kind == SettingKind::boolean) return "on or off";
    const bool list = kind >= SettingKind::integer_list;
    if (!domain.choices.empty()) {
        std::string description = list ? "a list of " : "one of ";
        for (const std::string& choice : domain.choices)
            description += (&choice == domain.choices.data() ? "" : ", ") + choice;
        return description;
    }
    if (kind == SettingKind::text) return "text";
    if (kind == SettingKind::word_list) return "a list of words";
    const bool integer = kind == SettingKind::integer || kind == SettingKind::integer_list;
    std::string description = integer ? (list ? "a list of integers" : "an integer")
                              : list  ? "a list of numbers"
                                      : "a number";
    if (std::isfinite(domain.low) && std::isfinite(domain.high))
        description += " from " + print_real(domain.low) + " to " + print_real(domain.high);
    else if (std::isfinite(domain.low))
        description += " of at least " + print_real(domain.low);
    return description + (domain.automatic ? ", or auto" : "");
}

Setting* Settings::find(const std::string& key) {
    const std::string wanted = same_spelling(key);
    for (Setting& setting : settings_)
        if (same_spelling(setting.key) == wanted) return &setting;
    return nullptr;
}

void Settings::assign(Setting& setting, const std::string& value, const std::string& origin, const std::string& where) {
    try {
        setting.set(value);
    } catch (const Error& error) {
        fail(error.kind(), where, " ", value.empty() ? "(empty)" : printable(value, 60), ": ", error.what());
    }
    setting.origin = origin;
}

std::vector<std::string> Settings::keys() const {
    std::vector<std::string> names;
    for (const Setting& setting : settings_) names.push_back(setting.key);
    return names;
}

void Settings::insert(Setting setting) {
    ASTRO_CHECK(find(setting.key) == nullptr, "setting ", setting.key, " is bound twice");
    settings_.push_back(std::move(setting));
}

}  // namespace astro::app
