// Suggestions for misspelt names.
#pragma once

#include <string>
#include <vector>

namespace astro {

// The name with '_' in place of '-'. Names that differ only in this are the same name.
std::string same_spelling(const std::string& name);

// The known name closest to a misspelt one, or "" if none is close. `gap` finds `planner.gap`.
std::string nearest_name(const std::string& word, const std::vector<std::string>& names);

}  // namespace astro
