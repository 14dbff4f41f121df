// How commands print figures.
#pragma once

#include <string>
#include <vector>

#include "apps/method_names.h"
#include "astro/config/field.h"
#include "data/json.h"

namespace astro::app {

// Bytes of a line on the terminal that may hold words from a file.
inline constexpr size_t kLongestLine = 1500;

struct OutputOptions {
    bool json = false;

    template <class V>
    void visit(V& v) {
        v("json", json, "print the figures as one JSON object", Source::ours, anything());
    }
};

std::vector<std::string> keys_of(const data::Json& object);
// One line, seen at once by who reads along.
void print_line(const data::Json& json);
// Prints the figures whose keys are not in `before`, as a table or as one JSON object.
void print_new(const data::Json& results, const std::vector<std::string>& before, bool json);

// Error(usage) unless --out names a file F.npz.
void require_npz(const std::string& out);

// The key for a tolerance in results.json: key_0.5.
std::string at_tolerance(const std::string& key, double tolerance);

}  // namespace astro::app
