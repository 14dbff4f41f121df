// astro report: one HTML page about one or several run folders.
#include "apps/report/report.h"

#include <cstdio>

#include "apps/command_line/options.h"
#include "apps/run/output.h"
#include "data/file.h"

namespace astro::app {

namespace {

struct ReportOptions {
    std::string out;
    template <class V>
    void visit(V& v) {
        v("out", out, "file to write; empty: report.html in the first run folder", Source::ours, anything());
    }
};

}  // namespace

int run_report(CommandLine& line) {
    ReportOptions options;
    line.add(options);
    if (!line.parse()) return 0;
    const std::string path = options.out.empty() ? line.operands()[0] + "/report.html" : options.out;
    if (!options.out.empty() && data::file_exists(path) &&
        data::read_start(path, report::kPageStart.size()) != report::kPageStart)
        refuse_to_overwrite(path, "a report");
    const std::string page = report::render(line.operands());
    try {
        data::write_text_file(path, page);
    } catch (const Error& error) {
        if (!options.out.empty()) throw;
        throw Error(error.kind(), text(error.what(), "; hint: --out FILE writes the report elsewhere"));
    }
    std::printf("%s\n", path.c_str());
    return 0;
}

}  // namespace astro::app
