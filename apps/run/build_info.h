// What this program was built from and runs on, for `astro version` and manifests.
#pragma once

#include <string>

#include "data/json.h"

namespace astro::app {

struct BuildInfo {
    std::string git_id;    // commit, with -dirty when files differed; "unknown" outside a repository
    std::string compiler;  // "g++ 12.2.0"
    std::string flags;     // optimisation flags
    std::string isa;       // instruction set the kernels use on this machine
    std::string system;    // "Linux x86_64"
    int threads = 1;       // threads this process may use
};

BuildInfo build_info();
void add_build(data::Json& object, const BuildInfo& info);  // as members, the threads apart

}  // namespace astro::app
