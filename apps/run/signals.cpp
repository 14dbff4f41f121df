#include "apps/run/signals.h"

#include <csignal>
#include <initializer_list>

namespace astro::app {
namespace {

volatile std::sig_atomic_t signal_came = 0;

void remember(int) { signal_came = 1; }

// Sets the action for the signals that ask the program to end, except for those that the caller ignores (nohup).
void handle_with(const struct sigaction& action) {
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
        struct sigaction before = {};
        if (sigaction(signal, nullptr, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(signal, &action, nullptr);
    }
}

}  // namespace

void install_signal_handlers() {
    struct sigaction action = {};
    action.sa_handler = remember;
    // The first signal restores the default action, so a second signal terminates the process.
    action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
    sigemptyset(&action.sa_mask);
    handle_with(action);
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);
}

void restore_signals() {
    struct sigaction action = {};
    action.sa_handler = SIG_DFL;
    sigemptyset(&action.sa_mask);
    handle_with(action);
}

bool interrupted() { return signal_came != 0; }

}  // namespace astro::app
