#include "data/array_names.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "data/episode_ends.h"
#include "tensor/base/error.h"
#include "tensor/base/printable.h"

namespace astro::data {

namespace {

struct OtherNames {
    const char* name;
    std::vector<std::string_view> others;  // the likeliest first
};
const OtherNames kOtherNames[] = {
    {"observations", {"observations", "obs", "observation", "states", "state", "observation.state"}},
    {"actions", {"actions", "action", "acts", "act", "controls"}}};

// The name without prefixes such as "data/".
std::string_view last_part(std::string_view key) { return key.substr(key.rfind('/') + 1); }

}  // namespace

std::string renaming_hint(const NpzReader& reader) {
    const std::vector<NpzEntry>& entries = reader.entries();
    std::string hint;
    const auto rename = [&hint](std::string_view from, std::string_view to) {
        hint += text(hint.empty() ? "; hint: rename '" : ", '", printable(from, 60), "' to '", to, "'");
    };
    for (const OtherNames& wanted : kOtherNames) {
        if (reader.find(wanted.name)) continue;
        for (const std::string_view other : wanted.others) {
            const auto found = std::find_if(entries.begin(), entries.end(),
                                            [&](const NpzEntry& entry) { return last_part(entry.key) == other; });
            if (found == entries.end()) continue;
            rename(found->key, wanted.name);
            break;
        }
    }
    const auto marks = [](const NpzEntry& entry) { return marks_ends(last_part(entry.key)); };
    const auto mark = std::find_if(entries.begin(), entries.end(), marks);
    const bool marked =
        std::any_of(entries.begin(), entries.end(), [](const NpzEntry& entry) { return marks_ends(entry.key); });
    if (!marked && mark != entries.end()) rename(mark->key, last_part(mark->key));
    return hint;
}

}  // namespace astro::data
