// SIGINT, SIGTERM and SIGHUP end the process at once, with one line on standard error and exit code 130. Temporary
// files are removed, child processes killed. Files under their final names are complete at any time (data/file.h), so a
// run can be resumed. A signal that was ignored when the program started remains ignored (nohup).
//
// Training is the exception: its updates would be lost, so it first writes a checkpoint. A second signal of any of
// these kinds ends the process at once.
#pragma once

namespace astro::app {

constexpr int kInterrupted = 130;  // exit code

// Installs the handlers. Also ignores SIGPIPE and SIGXFSZ, so that writing to a closed pipe or beyond the limit on file
// sizes is an error of that write.
void install_signal_handlers();

// From now on, the message says how to continue: with --resume.
void hint_at_resume();

// While one exists, a first signal only makes interrupted() true. The owner then saves its state, and the destructor
// ends the process, unless an error is being thrown, which is reported instead.
class EndAfterCheckpoint {
  public:
    EndAfterCheckpoint();
    ~EndAfterCheckpoint();
    EndAfterCheckpoint(const EndAfterCheckpoint&) = delete;
    EndAfterCheckpoint& operator=(const EndAfterCheckpoint&) = delete;
};
bool interrupted();

// A part of training that would delay the end, and that is repeated after --resume: evaluations. While one exists,
// a signal ends the process at once. Trainings in parallel then lose their updates since their last checkpoint.
class EndAtOnce {
  public:
    EndAtOnce();
    ~EndAtOnce();
    EndAtOnce(const EndAtOnce&) = delete;
    EndAtOnce& operator=(const EndAtOnce&) = delete;
};

}  // namespace astro::app
