// Child processes that read requests from standard input and write answers to standard output, one line each. The
// content of the lines is up to the caller.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/base/cleanup.h"

namespace astro::data {

// A command that is run by the shell in its own process group, so an interrupt from the terminal does not reach it. The
// destructor closes its input, which tells it to end. After two seconds the process group is killed. The process is
// always reaped. A signal that ends this program kills the group at once.
class ChildProcess {
  public:
    // Error(io) if the system cannot create a process or pipes. If the command does not exist, the constructor
    // succeeds, and the child ends immediately with the shell's message on standard error.
    explicit ChildProcess(const std::string& command);
    ~ChildProcess();
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;

    void close_input();
    void kill();         // kills the process group immediately
    bool ended() const;  // does not reap the process

    // The end of its standard error as one printable line, "; standard error ends with: ...", or nothing.
    std::string describe_stderr();
    // "ended with status 3", "was killed by signal 9 (Killed)"; "closed its pipes" if it does not end within 0.5 s.
    std::string describe_end();

  private:
    friend class PendingExchange;
    void read_errors();

    pid_t pid_ = -1;
    std::optional<Cleanup> on_signal_;            // kills the process group
    int input_ = -1, output_ = -1, errors_ = -1;  // pipes to standard input, from standard output and error; -1: closed
    std::string tail_;                            // last bytes of its standard error
};

// A request line to one of several children, and the line that it answers.
struct LineExchange {
    size_t child = 0;         // index of the child
    std::string line;         // without a newline
    std::string answer = {};  // without a newline
};

// A violation of the protocol by a child.
struct ProtocolViolation {
    size_t child = 0;
    std::string description;  // description for an error message; empty: there was no violation
};

// Sends all request lines, at most one to each child, and waits at most `seconds` for one line from each of these.
// Returns at the first child that ends, does not answer in time, or writes more than one line.
ProtocolViolation ask(std::vector<ChildProcess*> children, std::vector<LineExchange>& exchanges, double seconds);

// Text for a terminal, on one line: control characters and bytes that are not UTF-8 become \n, \t or \xNN. If the text
// is longer than `limit` bytes, only its end or its beginning is kept.
enum class Keep { beginning, end };
std::string printable(std::string_view text, size_t limit, Keep keep);

}  // namespace astro::data
