#include "apps/run/build_info.h"

#include <sys/utsname.h>

#include "tensor/backend.h"
#include "tensor/base/error.h"
#include "tensor/base/threads.h"

// Both are defined by the Makefile.
#ifndef ASTRO_GIT_ID
#define ASTRO_GIT_ID "unknown"
#endif
#ifndef ASTRO_FLAGS
#define ASTRO_FLAGS "unknown"
#endif

namespace astro::app {
namespace {

std::string compiler_name() {
#if defined(__clang__)
    return text("clang ", __clang_major__, ".", __clang_minor__, ".", __clang_patchlevel__);
#else
    return text("g++ ", __GNUC__, ".", __GNUC_MINOR__, ".", __GNUC_PATCHLEVEL__);
#endif
}

std::string system_name() {
    utsname names = {};
    if (uname(&names) != 0) return "unknown";
    return text(names.sysname, " ", names.machine);
}

}  // namespace

BuildInfo build_info() {
    BuildInfo info;
    info.git_id = ASTRO_GIT_ID;
    info.compiler = compiler_name();
    info.flags = ASTRO_FLAGS;
    info.isa = cpu_isa_name();
    info.system = system_name();
    info.threads = ThreadPool::available();
    return info;
}

void add_build(data::Json& object, const BuildInfo& info) {
    object["git"] = info.git_id;
    object["compiler"] = info.compiler;
    object["flags"] = info.flags;
    object["isa"] = info.isa;
    object["system"] = info.system;
}

}  // namespace astro::app
