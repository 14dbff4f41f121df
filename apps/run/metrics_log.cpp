#include "apps/run/metrics_log.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <sstream>

#include "apps/command_line/settings.h"
#include "apps/run/run_dir.h"
#include "data/file.h"
#include "tensor/base/clock.h"
#include "tensor/base/error.h"

namespace astro::app {
namespace {

constexpr const char* kHeader = "step,wall_s,key,value";

std::string print_number(double value) { return std::isnan(value) ? "nan" : print_real(value); }

std::string print_row(const MetricRow& row) {
    return text(row.step, ",", print_real(row.wall_s), ",", row.key, ",", print_number(row.value), "\n");
}

bool read_row(const std::string& line, MetricRow& row) {
    const size_t first = line.find(',');
    const size_t second = first == std::string::npos ? first : line.find(',', first + 1);
    const size_t third = second == std::string::npos ? second : line.find(',', second + 1);
    if (third == std::string::npos) return false;
    char* end = nullptr;
    row.step = std::strtoll(line.c_str(), &end, 10);
    if (end != line.c_str() + first || first == 0) return false;
    row.wall_s = std::strtod(line.c_str() + first + 1, &end);
    if (end != line.c_str() + second || second == first + 1) return false;
    row.key = line.substr(second + 1, third - second - 1);
    row.value = std::strtod(line.c_str() + third + 1, &end);
    return *end == 0 && third + 1 < line.size() && !row.key.empty();
}

}  // namespace

std::vector<MetricRow> read_metrics(const std::string& path) {
    std::string content = data::read_text_file(path);
    const size_t last_end = content.rfind('\n');
    content.resize(last_end == std::string::npos ? 0 : last_end + 1);
    std::istringstream lines(content);
    std::vector<MetricRow> rows;
    std::string line;
    for (int number = 1; std::getline(lines, line); ++number) {
        MetricRow row;
        if (number == 1 ? line != kHeader : !read_row(line, row))
            fail(ErrorKind::data, path, ":", number, ": expected ", number == 1 ? "the line " : "a row of ", kHeader);
        if (number > 1) rows.push_back(std::move(row));
    }
    return rows;
}

MetricsLog::MetricsLog(const std::string& path, const std::string& stage, int64_t restored_step,
                       std::function<double()> clock)
    : path_(path), stage_(stage), clock_(std::move(clock)) {
    if (!clock_) clock_ = seconds_now;
    std::string content = text(kHeader, "\n");
    double reached = 0;
    if (data::file_exists(path)) {
        for (const MetricRow& row : read_metrics(path)) {
            const bool own = row.key.compare(0, stage.size() + 1, stage + "/") == 0;
            if (own && row.step > restored_step) continue;
            if (own) reached = std::max(reached, row.wall_s);
            content += print_row(row);
        }
    }
    data::write_text_file(path, content);
    offset_ = reached - clock_();
}

void MetricsLog::add(int64_t step, const std::string& key, double value) {
    const MetricRow row{step, std::round((clock_() + offset_) * 1e3) / 1e3, stage_ + "/" + key, value};
    rows_ += print_row(row);
}

void MetricsLog::flush() {
    struct Close {
        void operator()(std::FILE* file) const { std::fclose(file); }
    };
    const std::unique_ptr<std::FILE, Close> file(std::fopen(path_.c_str(), "ab"));
    if (!file || std::fwrite(rows_.data(), 1, rows_.size(), file.get()) != rows_.size() || std::fflush(file.get()) != 0)
        fail(ErrorKind::io, "cannot write ", path_, ": ", std::strerror(errno));
    rows_.clear();
}

}  // namespace astro::app
