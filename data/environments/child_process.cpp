#include "data/environments/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <iterator>
#include <thread>

#include "tensor/base/error.h"
#include "tensor/base/rows.h"

namespace astro::data {

namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kKeptErrors = 4096, kShownErrors = 400;  // last bytes of standard error: in memory, and in messages
constexpr size_t kLongestAnswer = size_t{256} << 20;      // bytes
constexpr auto kGracePeriod = std::chrono::seconds(2);    // from the end of input to SIGKILL

void pause() { std::this_thread::sleep_for(std::chrono::milliseconds(2)); }

struct Pipe {
    int read = -1, write = -1;
    Pipe() {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) != 0)
            fail(ErrorKind::io, "cannot create a pipe to a simulator: ", std::strerror(errno));
        // The program may have been started without standard streams. Descriptors 0 to 2 must not be used for pipes.
        for (int* end : {&ends[0], &ends[1]})
            if (*end < 3) {
                const int above = fcntl(*end, F_DUPFD_CLOEXEC, 3);
                close(*end);
                *end = above;
            }
        read = ends[0], write = ends[1];
    }
    ~Pipe() { close_both(); }
    void close_both() {
        for (int* end : {&read, &write})
            if (*end >= 0) close(*end), *end = -1;
    }
    // Transfers ownership of one end to the caller, and makes it non-blocking.
    static int release(int& end) {
        fcntl(end, F_SETFL, O_NONBLOCK);
        const int released = end;
        end = -1;
        return released;
    }
};

// First words that are no programs: `exec` before them would fail.
constexpr std::string_view kShellWords[] = {
    ".",     ":",      "alias",    "bg",      "break", "builtin", "case",    "cd",   "command", "continue",
    "eval",  "exec",   "exit",     "export",  "fg",    "for",     "getopts", "hash", "if",      "jobs",
    "local", "read",   "readonly", "return",  "set",   "shift",   "source",  "time", "times",   "trap",
    "type",  "ulimit", "umask",    "unalias", "unset", "until",   "wait",    "while"};

// Prepends `exec` if the command is a single program, so that no shell process waits for it.
std::string with_exec(const std::string& command) {
    const size_t begin = command.find_first_not_of(" \t"), end = command.find_first_of(" \t", begin);
    const std::string word = command.substr(begin, end == std::string::npos ? end : end - begin);
    const bool single = command.find_first_of(";&|<>(){}!#`\n") == std::string::npos &&
                        word.find('=') == std::string::npos &&
                        std::find(std::begin(kShellWords), std::end(kShellWords), word) == std::end(kShellWords);
    return single ? "exec " + command : command;
}

// Replaces the child process by the shell. Runs between fork and exec, so it calls only async-signal-safe functions.
[[noreturn]] void exec_shell(const char* command, int in, int out, int errors, pid_t parent, int last_file) {
    setpgid(0, 0);
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // the child must not outlive a parent that is killed
    if (getppid() != parent) _exit(127);
#else
    (void)parent;
#endif
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    std::signal(SIGPIPE, SIG_DFL);
    if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(errors, 2) < 0) _exit(127);
    for (int file = 3; file < last_file; ++file) close(file);  // the child does not inherit open files
    execl("/bin/sh", "sh", "-c", command, static_cast<char*>(nullptr));
    _exit(127);
}

// Like write(), but never raises SIGPIPE: blocks the signal in this thread, and removes one that became pending.
ssize_t write_without_sigpipe(int file, const char* bytes, size_t count) {
    sigset_t pipe_only, before, pending;
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    sigpending(&pending);
    pthread_sigmask(SIG_BLOCK, &pipe_only, &before);
    const ssize_t written = write(file, bytes, count);
    const int error = errno;
    if (written < 0 && error == EPIPE && !sigismember(&pending, SIGPIPE)) {
        const timespec now = {0, 0};
        while (sigtimedwait(&pipe_only, nullptr, &now) < 0 && errno == EINTR) {
        }
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    errno = error;
    return written;
}

// Length of the printable UTF-8 character at the start of the text; 0 if there is none.
size_t printable_length(std::string_view text) {
    const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
    if (byte(0) < 0x80) return byte(0) >= 0x20 && byte(0) != 0x7F ? 1 : 0;
    const size_t length = byte(0) >= 0xF0 ? 4 : byte(0) >= 0xE0 ? 3 : 2;
    if (byte(0) < 0xC2 || byte(0) > 0xF4 || length > text.size()) return 0;
    for (size_t i = 1; i < length; ++i)
        if ((byte(i) & 0xC0) != 0x80) return 0;
    const bool control = byte(0) == 0xC2 && byte(1) < 0xA0;
    // Line separators and characters that change the direction of text: U+2028 to U+202E, U+2066 to U+2069.
    const bool direction = byte(0) == 0xE2 && ((byte(1) == 0x80 && byte(2) >= 0xA8 && byte(2) <= 0xAE) ||
                                               (byte(1) == 0x81 && byte(2) >= 0xA6 && byte(2) <= 0xA9));
    return control || direction ? 0 : length;
}

}  // namespace

std::string printable(std::string_view text, size_t limit, Keep keep) {
    text = text.substr(0, text.find_last_not_of("\n\r ") + 1);
    const bool cut = text.size() > limit;
    if (cut) text = keep == Keep::end ? text.substr(text.size() - limit) : text.substr(0, limit);
    std::string out = cut && keep == Keep::end ? "..." : "";
    while (!text.empty()) {
        size_t length = printable_length(text);
        if (length > 0) {
            out += text.substr(0, length);
        } else if (text[0] == '\n' || text[0] == '\t') {
            out += text[0] == '\n' ? "\\n" : "\\t";
        } else {
            const char* digits = "0123456789abcdef";
            out += "\\x";
            out += digits[static_cast<unsigned char>(text[0]) >> 4];
            out += digits[static_cast<unsigned char>(text[0]) & 15];
        }
        text.remove_prefix(std::max<size_t>(1, length));
    }
    return cut && keep == Keep::beginning ? out + "..." : out;
}

ChildProcess::ChildProcess(const std::string& command) {
    Pipe in, out, errors;
    const std::string line = with_exec(command);
    const pid_t parent = getpid();
    const int last_file = static_cast<int>(std::clamp(sysconf(_SC_OPEN_MAX), 256L, 65536L));
    pid_ = fork();
    if (pid_ < 0) fail(ErrorKind::io, "cannot start a process for '", command, "': ", std::strerror(errno));
    if (pid_ == 0) exec_shell(line.c_str(), in.read, out.write, errors.write, parent, last_file);
    setpgid(pid_, pid_);  // both processes call it, because either may run first
    on_signal_.emplace([](const void* pid) { ::kill(-*static_cast<const pid_t*>(pid), SIGKILL); }, &pid_);
    input_ = Pipe::release(in.write), output_ = Pipe::release(out.read), errors_ = Pipe::release(errors.read);
}

ChildProcess::~ChildProcess() {
    close_input();
    const auto deadline = Clock::now() + kGracePeriod;
    while (!ended() && Clock::now() < deadline) pause();
    kill();
    on_signal_.reset();  // before the id can be reused
    while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
    for (int file : {output_, errors_})
        if (file >= 0) close(file);
}

void ChildProcess::close_input() {
    if (input_ >= 0) close(input_);
    input_ = -1;
}

// The ids of the process and of its group cannot be reused before the process is reaped.
void ChildProcess::kill() {
    ::kill(-pid_, SIGKILL);
    ::kill(pid_, SIGKILL);
}

bool ChildProcess::ended() const {
    siginfo_t info = {};
    return waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid_;
}

void ChildProcess::read_errors() {
    char bytes[4096];
    for (int i = 0; i < 64 && errors_ >= 0; ++i) {  // bounded, because the child may write without end
        const ssize_t n = read(errors_, bytes, sizeof bytes);
        if (n < 0) return;  // no more data at present
        if (n == 0) {
            close(errors_);
            errors_ = -1;
            return;
        }
        tail_.append(bytes, to_size(n));
        if (tail_.size() > kKeptErrors) tail_.erase(0, tail_.size() - kKeptErrors);
    }
}

std::string ChildProcess::describe_stderr() {
    const auto deadline = Clock::now() + std::chrono::milliseconds(100);  // more may arrive
    for (read_errors(); errors_ >= 0 && Clock::now() < deadline; read_errors()) pause();
    const std::string words = printable(tail_, kShownErrors, Keep::end);
    return words.empty() ? "" : "; standard error ends with: " + words;
}

std::string ChildProcess::describe_end() {
    const auto deadline = Clock::now() + std::chrono::milliseconds(500);
    while (!ended() && Clock::now() < deadline) pause();
    siginfo_t info = {};
    if (!ended() || waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0)
        return "closed its pipes";
    if (info.si_code == CLD_EXITED) return text("ended with status ", info.si_status);
    return text("was killed by signal ", info.si_status, " (", strsignal(info.si_status), ")");
}

// A request to one child that is being sent, and its answer, as far as it was received.
class PendingExchange {
  public:
    PendingExchange(ChildProcess& child, LineExchange& exchange)
        : child_(child), exchange_(exchange), request_(exchange.line + "\n") {}

    bool done() const { return answered_ && sent_ == request_.size(); }

    // Appends the descriptors for poll().
    void add_files(std::vector<pollfd>& files) const {
        const bool sending = sent_ < request_.size();
        files.push_back({sending ? child_.input_ : -1, POLLOUT, 0});
        files.push_back({answered_ ? -1 : child_.output_, POLLIN, 0});
        files.push_back({child_.errors_, POLLIN, 0});
    }

    // Writes and reads until the pipes would block. Returns a description of a violation by the child, or nothing.
    std::string advance() {
        child_.read_errors();
        while (sent_ < request_.size()) {
            const ssize_t n = write_without_sigpipe(child_.input_, request_.data() + sent_, request_.size() - sent_);
            if (n < 0 && errno == EINTR) continue;
            if (n < 0 && errno != EAGAIN) return child_.describe_end();
            if (n < 0) break;
            sent_ += to_size(n);
        }
        std::string& answer = exchange_.answer;
        char bytes[65536];
        while (!answered_) {
            const ssize_t n = read(child_.output_, bytes, sizeof bytes);
            if (n < 0 && errno == EINTR) continue;
            if (n < 0 && errno == EAGAIN) return "";
            if (n <= 0) return child_.describe_end();
            const char* end = static_cast<const char*>(std::memchr(bytes, '\n', to_size(n)));
            answer.append(bytes, end ? to_size(end - bytes) : to_size(n));
            if (answer.size() > kLongestAnswer) return "answers with more than 256 MiB";
            if (!end) continue;
            answered_ = true;
            if (end + 1 != bytes + n)  // either line may be the wrong one
                return "writes more than one line, the first is '" + printable(answer, 60, Keep::beginning) +
                       "', the second '" + printable({end + 1, to_size(bytes + n - end - 1)}, 60, Keep::beginning) +
                       "'";
        }
        return "";
    }

    // The end of the output does not show this: a process that the child started may keep the pipe open.
    bool child_ended() const { return child_.ended(); }
    std::string describe_end() const { return child_.describe_end(); }

  private:
    ChildProcess& child_;
    LineExchange& exchange_;
    std::string request_;
    size_t sent_ = 0;  // bytes of request_ that were written
    bool answered_ = false;
};

ProtocolViolation ask(std::vector<ChildProcess*> children, std::vector<LineExchange>& exchanges, double seconds) {
    std::vector<PendingExchange> pending;
    pending.reserve(exchanges.size());
    for (LineExchange& exchange : exchanges) pending.emplace_back(*children[exchange.child], exchange);
    const auto deadline = Clock::now() + std::chrono::duration<double>(seconds);
    std::vector<pollfd> files;
    for (;;) {
        files.clear();
        bool done = true;
        for (size_t i = 0; i < pending.size(); ++i) {
            PendingExchange& exchange = pending[i];
            const bool had_ended = exchange.child_ended();  // before reading, so that all its output is still read
            if (const std::string violation = exchange.advance(); !violation.empty())
                return {exchanges[i].child, violation};
            if (!exchange.done() && had_ended) return {exchanges[i].child, exchange.describe_end()};
            if (exchange.done()) continue;
            done = false;
            exchange.add_files(files);
        }
        if (done) return {};
        const double left = std::chrono::duration<double>(deadline - Clock::now()).count();
        if (left <= 0) {
            size_t late = 0;
            while (pending[late].done()) ++late;
            return {exchanges[late].child, text("does not answer within ", seconds, " s")};
        }
        // At most one second at a time: poll() does not report the end of a child whose pipes stay open.
        poll(files.data(), files.size(), static_cast<int>(std::min(1000.0, 1000 * left) + 1));
    }
}

}  // namespace astro::data
