#include "apps/run/progress.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>

#include "apps/run/output.h"
#include "tensor/base/clock.h"
#include "tensor/base/printable.h"

namespace astro::app {
namespace {

constexpr double kRedrawSeconds = .2;

std::string format(const char* form, double value) {
    char buffer[64];
    std::snprintf(buffer, sizeof buffer, form, value);
    return buffer;
}

}  // namespace

int64_t peak_memory() {
    rusage usage = {};
    getrusage(RUSAGE_SELF, &usage);
#ifdef __APPLE__
    return static_cast<int64_t>(usage.ru_maxrss);
#else
    return static_cast<int64_t>(usage.ru_maxrss) * 1024;
#endif
}

std::string clock_time(double seconds) {
    const auto total = static_cast<long long>(std::llround(seconds));
    char buffer[64];
    if (total >= 3600)
        std::snprintf(buffer, sizeof buffer, "%lld:%02lld:%02lld", total / 3600, total / 60 % 60, total % 60);
    else
        std::snprintf(buffer, sizeof buffer, "%lld:%02lld", total / 60, total % 60);
    return buffer;
}

std::string progress_line(const ProgressState& state) {
    std::string line = state.stage + " " + std::to_string(state.step);
    if (state.total > 0) {
        line += "/" + std::to_string(state.total);
        line +=
            format(" %.0f%%", std::floor(100.0 * static_cast<double>(state.step) / static_cast<double>(state.total)));
    }
    if (state.steps_per_second > 0) {
        line += format(state.steps_per_second < 10 ? " %.2f/s" : " %.1f/s", state.steps_per_second);
        if (state.total > state.step)
            line += " ETA " + clock_time(static_cast<double>(state.total - state.step) / state.steps_per_second);
    }
    if (state.has_loss) line += format(" loss %.4g", state.loss);
    return line + format(" %.0f MB", static_cast<double>(state.peak_bytes) / 1e6);
}

Progress::Progress(Options options) : options_(std::move(options)) {
    if (!options_.clock) options_.clock = seconds_now;
}

Progress::~Progress() {
    if (running_) erase();
}

Progress::Options Progress::standard(bool quiet, double log_every) {
    Options options;
    options.quiet = quiet;
    options.log_every = log_every;
    const char* terminal = std::getenv("TERM");
    options.terminal = isatty(STDERR_FILENO) != 0 && terminal != nullptr && std::string(terminal) != "dumb";
    return options;
}

void Progress::start(const std::string& stage, int64_t total, int64_t first_step) {
    state_ = {};
    state_.stage = stage;
    state_.total = total;
    state_.step = first_step_ = first_step;
    started_ = shown_ = options_.clock();
    running_ = true;
}

void Progress::update(int64_t step) {
    state_.step = step;
    show(false);
}

void Progress::update(int64_t step, double loss) {
    state_.loss = loss;
    state_.has_loss = true;
    update(step);
}

void Progress::finish(const std::string& summary) {
    erase();
    running_ = false;
    note(state_.stage + format(" done in %.1f s", seconds()) + (summary.empty() ? "" : ": " + summary));
}

void Progress::note(const std::string& line) {
    erase();
    if (!options_.quiet) std::fprintf(options_.out, "%s\n", printable(line, kLongestLine).c_str());
    if (running_ && options_.terminal) show(true);
}

double Progress::seconds() const { return options_.clock() - started_; }

void Progress::show(bool force) {
    if (options_.quiet) return;
    const double now = options_.clock();
    if (!force && now - shown_ < (options_.terminal ? kRedrawSeconds : options_.log_every)) return;
    shown_ = now;
    state_.peak_bytes = peak_memory();
    if (now > started_) state_.steps_per_second = static_cast<double>(state_.step - first_step_) / (now - started_);
    if (options_.terminal) {
        erase();
        std::fputs(progress_line(state_).c_str(), options_.out);
        on_line_ = true;
    } else {
        std::fprintf(options_.out, "%s\n", progress_line(state_).c_str());
    }
    std::fflush(options_.out);
}

// Clears the current line of a terminal.
void Progress::erase() {
    if (!on_line_) return;
    std::fputs("\r\033[K", options_.out);
    std::fflush(options_.out);
    on_line_ = false;
}

}  // namespace astro::app
