// Interruption: SIGINT and SIGTERM ask the running stage to write a checkpoint and stop; a second one kills.
#pragma once

namespace astro::app {

// Installs the handlers; also ignores SIGPIPE, so that a closed pipe shows up as a write error.
void install_signal_handlers();

// True once a signal has come. Stages ask after each update and end by throwing Error(interrupted).
bool interrupted();

}  // namespace astro::app
