#include "astro/config/field.h"

namespace astro::method {

std::string alternatives(const std::vector<std::string>& words) {
    std::string joined;
    for (size_t i = 0; i < words.size(); ++i)
        joined += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + words[i];
    return joined;
}

}  // namespace astro::method
