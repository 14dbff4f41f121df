// astro version: version, compiler and device of the program.
#include <cstdio>

#include "apps/command_line/options.h"
#include "apps/run/build_info.h"
#include "apps/run/device.h"

namespace astro::app {
namespace {

struct VersionOptions {
    bool json = false;

    template <class V>
    void visit(V& v) {
        v("json", json, "print one JSON object", Source::ours, anything());
    }
};

}  // namespace

int run_version(CommandLine& line) {
    VersionOptions options;
    line.add(options);
    if (!line.parse()) return 0;
    const BuildInfo info = build_info();
    const std::string device = open_device({}).description;  // the choice of --device auto
    if (options.json) {
        data::Json json = data::Json::object();
        add_build(json, info);
        json["device"] = device;
        json["threads"] = info.threads;
        std::printf("%s\n", json.dump().c_str());
        return 0;
    }
    std::printf("git       %s\ncompiler  %s\nflags     %s\nisa       %s\nsystem    %s\nthreads   %d\ndevice    %s\n",
                info.git_id.c_str(), info.compiler.c_str(), info.flags.c_str(), info.isa.c_str(), info.system.c_str(),
                info.threads, device.c_str());
    return 0;
}

}  // namespace astro::app
