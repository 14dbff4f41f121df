// Suggestions for arrays that a data set file has under another name.
#pragma once

#include <string>

#include "data/npz.h"

namespace astro::data {

// For messages about missing arrays: "; hint: rename 'obs' to 'observations', 'action' to 'actions'", if an array that
// is missing is there under a usual other name or behind a prefix ("x/observations"); else "".
std::string renaming_hint(const NpzReader& reader);

}  // namespace astro::data
