// Version, compiler and machine, for `astro version` and manifests.
#pragma once

#include <string>

#include "data/json.h"

namespace astro::app {

struct BuildInfo {
    std::string git_id;    // commit, with -dirty if files were modified; "unknown" outside a repository
    std::string compiler;  // "g++ 12.2.0"
    std::string flags;     // optimisation flags
    std::string isa;       // instruction set of the kernels on this machine
    std::string system;    // "Linux x86_64"
    int threads = 1;       // number of processors that this process may use
};

BuildInfo build_info();
void add_build(data::Json& object, const BuildInfo& info);  // adds all members except threads

}  // namespace astro::app
