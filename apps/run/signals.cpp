#include "apps/run/signals.h"

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstring>
#include <exception>
#include <initializer_list>

#include "tensor/base/cleanup.h"

namespace astro::app {
namespace {

// Lock-free, because the handler uses them. Each side first writes its own and then reads the other's, so that no
// signal is missed: the handler `came`, the others the number of objects.
std::atomic<bool> came{false}, told{false}, resumable{false};
std::atomic<int> checkpoints{0}, evaluations{0};  // objects of the two classes
bool terminal = false;
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free,
              "locks are not allowed in signal handlers");

// Calls async-signal-safe functions only. Threads that end the process at the same time write one line together.
[[noreturn]] void end_process(const char* message) {
    if (!told.exchange(true)) {
        char line[200] = "";
        for (const char* part : {terminal ? "\n" : "", "astro: ", message,
                                 resumable ? "; hint: continue with the same command and --resume\n" : "\n"})
            std::strcat(line, part);
        if (::write(STDERR_FILENO, line, std::strlen(line)) < 0) { /* nobody can be told */
        }
    }
    clean_up();
    ::_exit(kInterrupted);
}

void handle(int) {
    const bool second = came.exchange(true);
    if (second || checkpoints == 0 || evaluations > 0) end_process("interrupted");
}

}  // namespace

void install_signal_handlers() {
    terminal = ::isatty(STDERR_FILENO) != 0;  // the line may contain progress
    struct sigaction action = {};
    action.sa_handler = handle;
    action.sa_flags = static_cast<int>(SA_RESTART);
    sigemptyset(&action.sa_mask);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
        struct sigaction before = {};
        if (sigaction(signal, nullptr, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(signal, &action, nullptr);
    }
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);
}

void hint_at_resume() { resumable = true; }

EndAfterCheckpoint::EndAfterCheckpoint() {
    ++checkpoints;
    if (came) end_process("interrupted");  // while an error of an earlier training was thrown
}

EndAfterCheckpoint::~EndAfterCheckpoint() {
    --checkpoints;
    if (came && std::uncaught_exceptions() == 0) end_process("interrupted; a checkpoint was written");
}

bool interrupted() { return came; }

EndAtOnce::EndAtOnce() {
    ++evaluations;
    if (came) end_process("interrupted");
}

EndAtOnce::~EndAtOnce() { --evaluations; }

}  // namespace astro::app
