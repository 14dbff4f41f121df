// astro data collect | inspect.
#include <cstdio>

#include "apps/command_line/options.h"
#include "apps/commands/read_options.h"
#include "apps/run/collect.h"
#include "apps/run/output.h"
#include "apps/run/progress.h"
#include "data/dataset_load.h"
#include "data/validate.h"
#include "tensor/base/printable.h"

namespace astro::app {

namespace {

struct CollectOutput {
    std::string out;
    template <class V>
    void visit(V& v) {
        v("out", out, "file to write, F.npz; the validation set is written to F-val.npz", Source::ours, anything());
    }
};

const char* severity_name(data::Severity severity) {
    return severity == data::Severity::error ? "error" : severity == data::Severity::warning ? "warning" : "info";
}

}  // namespace

int run_data_collect(CommandLine& line) {
    CollectConfig config;
    CollectOutput output;
    ThreadOptions threads;
    OutputOptions print;
    line.add(config);
    line.add(output);
    line.add(threads);
    line.add(print);
    if (!line.parse()) return 0;
    line.require("out");
    require_new_dataset(output.out);
    if (config.env == "auto") config.env = data::default_environment();
    ThreadPool pool(threads.count());
    const CollectedFiles files = collect_files(config, output.out, pool);
    data::Json json = data::Json::object();
    json["train"] = files.train;
    json["rows"] = files.rows;
    json["validation"] = files.validation;
    json["validation_rows"] = files.validation_rows;
    print_new(json, {}, print.json);
    return 0;
}

int run_data_inspect(CommandLine& line) {
    ReadOptions read;
    ThreadOptions threads;
    OutputOptions output;
    line.add(read);
    line.add(threads);
    line.add(output);
    if (!line.parse()) return 0;
    ThreadPool pool(threads.count());
    const std::vector<data::Finding> findings = data::inspect_file(line.operands()[0], &pool, read.unpack_ratio);
    bool bad = false;
    data::Json list = data::Json::array();
    for (const data::Finding& finding : findings) {
        bad = bad || finding.severity == data::Severity::error;
        if (output.json) {
            data::Json entry = data::Json::object();
            entry["severity"] = severity_name(finding.severity);
            entry["message"] = finding.message;
            list.push(entry);
        } else {
            std::printf("%-8s %s\n", severity_name(finding.severity), printable(finding.message, kLongestLine).c_str());
        }
    }
    if (output.json) std::printf("%s\n", list.dump().c_str());
    return bad ? 3 : 0;
}

}  // namespace astro::app
