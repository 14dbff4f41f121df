// How commands print figures.
#pragma once

#include <string>
#include <vector>

#include "apps/method_names.h"
#include "astro/config/field.h"
#include "data/json.h"

namespace astro::app {

// Maximum length in bytes of a printed line that may contain text from a file.
inline constexpr size_t kLongestLine = 1500;

struct OutputOptions {
    bool json = false;

    template <class V>
    void visit(V& v) {
        v("json", json, "print the figures as one JSON object", Source::ours, anything());
    }
};

std::vector<std::string> keys_of(const data::Json& object);
// Prints one line and flushes it, so that a program that reads the output sees it immediately.
void print_line(const data::Json& json);
// Prints the figures whose keys are not in `before`, as a table or as one JSON object.
void print_new(const data::Json& results, const std::vector<std::string>& before, bool json);

// Error(usage): `out` exists and is not `what`, so the command does not overwrite it.
[[noreturn]] void refuse_to_overwrite(const std::string& out, const std::string& what);

// Error(usage) unless --out is of the form F.npz.
void require_npz_name(const std::string& out);
// Error(usage) unless --out names a file F.npz that does not exist, or has the array `key`, as an earlier file of the
// same command has: other files are not overwritten.
void require_npz(const std::string& out, const std::string& key);

// The key for a tolerance in results.json: key_0.5.
std::string at_tolerance(const std::string& key, double tolerance);

}  // namespace astro::app
