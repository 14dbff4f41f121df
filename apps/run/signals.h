// Interruption: after SIGINT or SIGTERM the current stage writes a checkpoint and stops. A second signal terminates the
// process.
#pragma once

namespace astro::app {

// Installs the handlers. Also ignores SIGPIPE, so that a closed pipe is reported as a write error.
void install_signal_handlers();

// Whether a signal has been received. Stages check this after each update and throw Error(interrupted).
bool interrupted();

}  // namespace astro::app
