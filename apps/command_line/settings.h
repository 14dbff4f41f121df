// Settings by name. Binds the fields of structs that describe themselves (astro/config/field.h), so that the same
// description serves parsing, help, the manual and configuration files.
//
// A value that cannot be parsed or is out of range throws Error(usage), which states what was expected.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <type_traits>
#include <vector>

#include "apps/method_names.h"
#include "astro/config/field.h"
#include "tensor/base/error.h"
#include "tensor/base/nearest_name.h"

namespace astro::app {

enum class SettingKind { boolean, integer, real, word, text, integer_list, real_list, word_list };

struct Setting {
    std::string key;      // "planner.gap"; settings without a section have no dot
    std::string section;  // "planner", "" for none
    std::string name;     // "gap"
    std::string meaning;
    Source source;
    Domain domain;
    SettingKind kind;
    std::string initial;             // the default, as text
    std::string origin = "default";  // origin of the current value: default, preset NAME, file PATH, flag
    std::function<void(const std::string&)> set;
    std::function<std::string()> text;  // the current value; set(text()) has no effect
};

// Conversion of values from and to text. `12abc`, `nan` and blanks are not accepted as numbers.
bool parse_boolean(const std::string& word);  // on, off, true, false
int64_t parse_integer(const std::string& word, const Domain& domain);
double parse_real(const std::string& word, const Domain& domain);
const std::string& parse_word(const std::string& word, const Domain& domain);
std::string print_real(double value);  // the shortest decimal that reads back as the same number
std::vector<std::string> split_list(const std::string& text);  // at commas; empty entries are errors

// A description of valid values: "an integer from 1 to 512", "one of tdr, euclid, random".
std::string expectation(SettingKind kind, const Domain& domain);

class Settings {
  public:
    struct Section {
        std::string prefix;  // "planner", "" for none
        std::string title;
    };

    // Binds the fields of an object, which must outlive this. Keys are prefix.name.
    template <class Object>
    void add(const std::string& prefix, const std::string& title, Object& object) {
        sections_.push_back({prefix, title});
        Binder binder{*this, prefix};
        object.visit(binder);
    }
    // Binds all sections of a Config.
    template <class Object>
    void add_sections(Object& object) {
        SectionBinder binder{*this};
        object.visit(binder);
    }

    // Dashes and underscores are equivalent. Returns nullptr if the key is unknown.
    Setting* find(const std::string& key);
    // Sets a value and its origin. `where`: the option, or file and line, for error messages.
    void assign(Setting& setting, const std::string& value, const std::string& origin, const std::string& where);

    const std::deque<Setting>& all() const { return settings_; }
    std::deque<Setting>& all() { return settings_; }
    const std::vector<Section>& sections() const { return sections_; }
    std::vector<std::string> keys() const;

  private:
    struct Binder {
        Settings& owner;
        std::string prefix;
        template <class Field>
        void operator()(const char* name, Field& field, const char* meaning, Source source, Domain domain) {
            owner.bind(prefix, name, field, meaning, source, std::move(domain));
        }
    };
    struct SectionBinder {
        Settings& owner;
        template <class Object>
        void section(const char* prefix, const char* title, Object& object) {
            owner.add(prefix, title, object);
        }
    };

    template <class Field>
    void bind(const std::string& prefix, const char* name, Field& field, const char* meaning, Source source,
              Domain domain);
    void insert(Setting setting);

    std::deque<Setting> settings_;
    std::vector<Section> sections_;
};

namespace detail {

template <class Field>
constexpr SettingKind kind_of() {
    if constexpr (std::is_same_v<Field, bool>)
        return SettingKind::boolean;
    else if constexpr (std::is_enum_v<Field>)
        return SettingKind::word;
    else if constexpr (std::is_same_v<Field, int64_t>)
        return SettingKind::integer;
    else if constexpr (std::is_same_v<Field, double>)
        return SettingKind::real;
    else if constexpr (std::is_same_v<Field, std::string>)
        return SettingKind::text;
    else if constexpr (std::is_same_v<Field, std::vector<int64_t>>)
        return SettingKind::integer_list;
    else if constexpr (std::is_same_v<Field, std::vector<double>>)
        return SettingKind::real_list;
    else {
        static_assert(std::is_same_v<Field, std::vector<std::string>>, "unsupported type of a field");
        return SettingKind::word_list;
    }
}

template <class Field>
void read_value(const std::string& value, const Domain& domain, Field& field) {
    if constexpr (std::is_same_v<Field, bool>) {
        field = parse_boolean(value);
    } else if constexpr (std::is_enum_v<Field>) {
        field = static_cast<Field>(&parse_word(value, domain) - domain.choices.data());
    } else if constexpr (std::is_same_v<Field, int64_t>) {
        field = parse_integer(value, domain);
    } else if constexpr (std::is_same_v<Field, double>) {
        field = parse_real(value, domain);
    } else if constexpr (std::is_same_v<Field, std::string>) {
        field = domain.choices.empty() ? value : parse_word(value, domain);
    } else {
        Field entries;
        for (const std::string& word : split_list(value)) {
            entries.emplace_back();
            read_value(word, domain, entries.back());
            if (std::find(entries.begin(), entries.end() - 1, entries.back()) != entries.end() - 1)
                fail(ErrorKind::usage, "expected a list without repeated entries");
        }
        field = std::move(entries);
    }
}

template <class Field>
std::string print_value(const Field& field, const Domain& domain) {
    if constexpr (std::is_same_v<Field, bool>) {
        return field ? "on" : "off";
    } else if constexpr (std::is_enum_v<Field>) {
        return domain.choices[static_cast<size_t>(field)];
    } else if constexpr (std::is_same_v<Field, int64_t>) {
        return domain.automatic && static_cast<double>(field) == domain.automatic_value ? "auto"
                                                                                        : std::to_string(field);
    } else if constexpr (std::is_same_v<Field, double>) {
        return domain.automatic && field == domain.automatic_value ? "auto" : print_real(field);
    } else if constexpr (std::is_same_v<Field, std::string>) {
        return field;
    } else {
        std::string list;
        for (const auto& entry : field) list += (list.empty() ? "" : ",") + print_value(entry, domain);
        return list;
    }
}

}  // namespace detail

template <class Field>
void Settings::bind(const std::string& prefix, const char* name, Field& field, const char* meaning, Source source,
                    Domain domain) {
    Setting setting;
    setting.key = prefix.empty() ? name : prefix + "." + name;
    setting.section = prefix;
    setting.name = name;
    setting.meaning = meaning;
    setting.source = source;
    setting.domain = domain;
    setting.kind = detail::kind_of<Field>();
    setting.set = [&field, domain](const std::string& value) { detail::read_value(value, domain, field); };
    setting.text = [&field, domain] { return detail::print_value(field, domain); };
    setting.initial = setting.text();
    insert(std::move(setting));
}

}  // namespace astro::app
