// Child processes that answer lines on their standard streams, and nothing of what the lines mean.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

namespace astro::data {

// A command, run by the shell in a process group of its own: an interrupt from the terminal does not reach it. Its end
// of input tells it to end; what has not ended soon after is killed, with whatever it started, and always reaped.
class ChildProcess {
  public:
    // Error(io) where the system has no room for a process or for pipes. A command that does not exist shows up as a
    // child that ends at once, with the shell's words.
    explicit ChildProcess(const std::string& command);
    ~ChildProcess();
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;

    void close_input();
    void kill();         // at once, with whatever it started
    bool ended() const;  // without reaping it

    // "; its last words: ..." or nothing: the end of its standard error, as one printable line.
    std::string last_words();
    // "ended with status 3", "was killed by signal 9 (Killed)"; waits a moment for an end that is near.
    std::string end_in_words();

  private:
    friend class Exchange;
    void read_errors();

    pid_t pid_ = -1;
    int input_ = -1, output_ = -1, errors_ = -1;  // pipes to its standard input, from its output and error; -1: closed
    std::string tail_;                            // of its standard error
};

// A line for one of several children, and what came back.
struct Question {
    size_t child = 0;  // which
    std::string line;  // without its new line
    std::string answer = {};
};

// What a child did wrong, for the caller to put into words; none: nothing.
struct Misconduct {
    size_t child = 0;
    std::string words;  // empty: none
};

// Sends all the lines and waits for one line from each child that was asked, at most so many seconds. No child is named
// twice. Stops at the first that ends, that does not answer in time, or that says more than one line.
Misconduct ask(std::vector<ChildProcess*> children, std::vector<Question>& questions, double seconds);

// Printable on a terminal, on one line: control characters and bytes that are no UTF-8 become \n, \t or \xNN. Of text
// longer than `most` bytes the end is kept, or the beginning.
enum class Keep { beginning, end };
std::string printable(std::string_view text, size_t most, Keep keep);

}  // namespace astro::data
