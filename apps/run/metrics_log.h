// metrics.csv of a run folder, in long form: `step,wall_s,key,value`, one number a row.
//
// Keys start with the stage ("tdr/loss"), so new ones may appear at any time and stages share the file. Rows
// are appended. Opening the log for a stage removes that stage's rows beyond the restored step, so that a
// resumed run leaves the same rows as one that ran through; other stages' rows stay as they are. Several stages may
// have a log on one file, used in turn. Errors: Error(io) for the file, Error(data) for lines that are no such rows.
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
    double wall_s = 0;  // seconds the stage has run, summed over resumed parts
    std::string key;
    double value = 0;
};

class MetricsLog {
  public:
    // restored_step: the step a checkpoint was restored at; -1 for a stage that starts anew.
    // clock: seconds; a steady clock when empty.
    MetricsLog(const std::string& path, const std::string& stage, int64_t restored_step,
               std::function<double()> clock = {});

    // Appends stage/key; not-a-number is written as nan. The row reaches the file at flush().
    void add(int64_t step, const std::string& key, double value);
    void flush();

  private:
    std::string path_, stage_;
    std::function<double()> clock_;
    double offset_ = 0;  // wall_s minus the clock
    std::string rows_;   // since the last flush
};

// All rows of a file. A last line without its end (a killed writer) is left out.
std::vector<MetricRow> read_metrics(const std::string& path);

}  // namespace astro::app
