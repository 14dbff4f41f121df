#include "apps/run/signals.h"

#include <csignal>
#include <initializer_list>

namespace astro::app {
namespace {

volatile std::sig_atomic_t signal_came = 0;

void remember(int) { signal_came = 1; }

}  // namespace

void install_signal_handlers() {
    struct sigaction action = {};
    action.sa_handler = remember;
    // The first signal restores the default action, so a second signal terminates the process.
    action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
    sigemptyset(&action.sa_mask);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
        struct sigaction before = {};
        if (sigaction(signal, nullptr, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(signal, &action, nullptr);
    }
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);
}

bool interrupted() { return signal_came != 0; }

}  // namespace astro::app
