// astro selftest: the op table on this machine, gradients in f64 and f32 against f64.
#include <algorithm>
#include <cstdio>
#include <map>

#include "apps/measure.h"
#include "tensor/gradcheck.h"

namespace astro::app {

int run_selftest(CommandLine& line) {
    OutputOptions output;
    line.add(output);
    if (!line.parse()) return 0;
    auto backend = make_cpu_backend();
    struct Row {
        int64_t cases = 0, failed = 0;
        double gradient = 0, single = 0;
        std::string message;
    };
    std::map<std::string, Row> table;
    int64_t passed = 0, failed = 0;
    for (const OpCase& op_case : op_cases()) {
        const OpReport report = check_op(*backend, op_case, 1);
        Row& row = table[report.op];
        ++row.cases;
        row.gradient = std::max(row.gradient, report.worst_gradient);
        row.single = std::max(row.single, report.worst_f32);
        ++(report.ok ? passed : failed);
        if (!report.ok) {
            ++row.failed;
            row.message = report.shapes + ": " + report.message;
        }
    }
    data::Json json = data::Json::object();
    json["isa"] = cpu_isa_name();
    json["passed"] = passed;
    json["failed"] = failed;
    data::Json ops = data::Json::object();
    if (!output.json)
        std::printf("device cpu (%s)\n%-20s %6s %22s %20s\n", cpu_isa_name(), "op", "cases", "gradient / tolerance", "f32 - f64, relative");
    for (const auto& [op, row] : table) {
        data::Json entry = data::Json::object();
        entry["cases"] = row.cases;
        entry["gradient_error"] = row.gradient;
        entry["f32_error"] = row.single;
        ops[op] = entry;
        if (output.json) continue;
        std::printf("%-20s %6lld %22.2g %20.2g  %s\n", op.c_str(), static_cast<long long>(row.cases), row.gradient, row.single,
                    row.failed ? ("FAILED " + row.message).c_str() : "ok");
    }
    json["ops"] = ops;
    if (output.json) std::printf("%s\n", json.dump().c_str());
    else std::printf("%lld passed, %lld failed\n", static_cast<long long>(passed), static_cast<long long>(failed));
    return failed == 0 ? 0 : 1;
}

}  // namespace astro::app
