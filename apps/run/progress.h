// Progress of a stage on stderr.
//
// On a terminal, one line is rewritten. Otherwise a plain line without control characters is printed every `log_every`
// seconds. Colours are not used, so NO_COLOR needs no support.
#pragma once

#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>

namespace astro::app {

struct ProgressState {
    std::string stage;
    int64_t step = 0, total = 0;  // total 0: unknown
    double steps_per_second = 0;
    double loss = 0;
    bool has_loss = false;
    int64_t peak_bytes = 0;
};

int64_t peak_memory();                   // the largest size of the process so far, in bytes
std::string clock_time(double seconds);  // 75 -> "1:15", 4000 -> "1:06:40"

// "tdr 1200/6000 20% 310.5/s ETA 0:15 loss 0.0123 120 MB"
std::string progress_line(const ProgressState& state);

class Progress {
  public:
    struct Options {
        bool quiet = false;
        bool terminal = false;  // rewrite one line
        double log_every = 10;  // seconds between plain lines
        std::FILE* out = stderr;
        std::function<double()> clock;  // returns seconds; empty: a steady clock
    };

    explicit Progress(Options options);
    ~Progress();
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    // Options for stderr, which detect whether it is a terminal.
    static Options standard(bool quiet, double log_every);

    void start(const std::string& stage, int64_t total, int64_t first_step = 0);
    void update(int64_t step);  // fast enough to be called after every step
    void update(int64_t step, double loss);
    void finish(const std::string& summary = "");  // "tdr done in 20 s", then the summary
    void note(const std::string& line);            // prints a permanent line

  private:
    void show(bool force);
    void erase();
    double seconds() const;

    Options options_;
    ProgressState state_;
    int64_t first_step_ = 0;
    double started_ = 0, shown_ = 0;
    bool running_ = false, on_line_ = false;
};

}  // namespace astro::app
