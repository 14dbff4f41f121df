// metrics.csv of a run folder, in long format: `step,wall_s,key,value`, one number per row.
//
// Keys start with the stage ("tdr/loss"), so stages share the file and new keys may appear at any time. Rows are
// appended. Opening the log for a stage removes the rows of this stage after the restored step. A resumed run therefore
// produces the same rows as an uninterrupted one. Rows of other stages are kept. Several stages may have logs on one
// file and use them alternately. Errors: Error(io) for the file, Error(data) for malformed lines.
#pragma once

#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace astro::app {

struct MetricRow {
    int64_t step = 0;
    double wall_s = 0;  // seconds since the start of the stage, without interruptions
    std::string key;
    double value = 0;
};

class MetricsLog {
  public:
    // restored_step: the step of the restored checkpoint, or -1 for a new start of the stage.
    // clock: returns seconds; empty: a steady clock.
    MetricsLog(const std::string& path, const std::string& stage, int64_t restored_step,
               std::function<double()> clock = {});

    // Adds a row for stage/key. It is written to the file by flush().
    void add(int64_t step, const std::string& key, double value);
    void flush();

  private:
    std::string path_, stage_;
    std::function<double()> clock_;
    double offset_ = 0;  // wall_s minus the clock
    std::string rows_;   // since the last flush
};

// All rows of a file. An incomplete last line (of a killed process) is ignored.
std::vector<MetricRow> read_metrics(const std::string& path);

}  // namespace astro::app
