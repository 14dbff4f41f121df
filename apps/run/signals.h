// Interruption: after SIGINT, SIGTERM or SIGHUP the current stage writes a checkpoint and stops. A second signal
// terminates the process. A signal that was ignored when the program started remains ignored (nohup).
#pragma once

namespace astro::app {

// Installs the handlers. Also ignores SIGPIPE and SIGXFSZ, so that writing to a closed pipe or beyond the limit on file
// sizes is an error of that write.
void install_signal_handlers();

// Back to the default actions of the handled signals, for commands that have nothing to save.
void restore_signals();

// Whether a signal has been received. Stages check this after each update and throw Error(interrupted).
bool interrupted();

}  // namespace astro::app
