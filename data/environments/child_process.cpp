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
#include <thread>

#include "tensor/base/error.h"

namespace astro::data {

namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kTail = 4096, kShownTail = 400;      // bytes of standard error kept and shown
constexpr size_t kLongestAnswer = size_t{256} << 20;  // bytes
constexpr auto kGrace = std::chrono::seconds(2);      // from the end of input to a kill

void pause() { std::this_thread::sleep_for(std::chrono::milliseconds(2)); }

struct Pipe {
    int read = -1, write = -1;
    Pipe() {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) != 0)
            fail(ErrorKind::io, "cannot make a pipe to a simulator: ", std::strerror(errno));
        // Not in the place of a standard stream that the program was started without.
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
    // The end that stays with us.
    static int keep(int& end) {
        fcntl(end, F_SETFL, O_NONBLOCK);
        const int kept = end;
        end = -1;
        return kept;
    }
};

// A command that is one program becomes that program, without a shell that waits for it.
std::string for_shell(const std::string& command) {
    const size_t word = command.find_first_not_of(" \t"), end = command.find_first_of(" \t", word);
    const bool plain = command.find_first_of(";&|<>(){}!#`\n") == std::string::npos &&
                       command.substr(word, end == std::string::npos ? end : end - word).find('=') == std::string::npos;
    return plain ? "exec " + command : command;
}

// Between fork and exec: only what may be called there. Never returns.
[[noreturn]] void become(const char* command, int in, int out, int errors, pid_t parent, int last_file) {
    setpgid(0, 0);
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // a parent that is killed leaves no simulator behind
    if (getppid() != parent) _exit(127);
#else
    (void)parent;
#endif
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    std::signal(SIGPIPE, SIG_DFL);
    if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(errors, 2) < 0) _exit(127);
    for (int file = 3; file < last_file; ++file) close(file);  // files that the program has open are not the child's
    execl("/bin/sh", "sh", "-c", command, static_cast<char*>(nullptr));
    _exit(127);
}

// Writes without raising SIGPIPE, whatever the program does with that signal.
ssize_t write_quietly(int file, const char* bytes, size_t count) {
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

// Length of the printable UTF-8 character at the start of the text; 0 where there is none.
size_t printable_length(std::string_view text) {
    const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
    if (byte(0) < 0x80) return byte(0) >= 0x20 && byte(0) != 0x7F ? 1 : 0;
    const size_t length = byte(0) >= 0xF0 ? 4 : byte(0) >= 0xE0 ? 3 : 2;
    if (byte(0) < 0xC2 || byte(0) > 0xF4 || length > text.size()) return 0;
    for (size_t i = 1; i < length; ++i)
        if ((byte(i) & 0xC0) != 0x80) return 0;
    const bool control = byte(0) == 0xC2 && byte(1) < 0xA0;
    // Marks that change the direction of what follows, and separators of lines: U+2028 to U+202E, U+2066 to U+2069.
    const bool direction = byte(0) == 0xE2 && ((byte(1) == 0x80 && byte(2) >= 0xA8 && byte(2) <= 0xAE) ||
                                               (byte(1) == 0x81 && byte(2) >= 0xA6 && byte(2) <= 0xA9));
    return control || direction ? 0 : length;
}

}  // namespace

std::string printable(std::string_view text, size_t most, Keep keep) {
    text = text.substr(0, text.find_last_not_of("\n\r ") + 1);
    const bool cut = text.size() > most;
    if (cut) text = keep == Keep::end ? text.substr(text.size() - most) : text.substr(0, most);
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
    const std::string line = for_shell(command);
    const pid_t parent = getpid();
    const int last_file = static_cast<int>(std::clamp(sysconf(_SC_OPEN_MAX), 256L, 65536L));
    pid_ = fork();
    if (pid_ < 0) fail(ErrorKind::io, "cannot start a process for '", command, "': ", std::strerror(errno));
    if (pid_ == 0) become(line.c_str(), in.read, out.write, errors.write, parent, last_file);
    setpgid(pid_, pid_);  // here, too: whoever comes first
    input_ = Pipe::keep(in.write), output_ = Pipe::keep(out.read), errors_ = Pipe::keep(errors.read);
}

ChildProcess::~ChildProcess() {
    close_input();
    const auto deadline = Clock::now() + kGrace;
    while (!ended() && Clock::now() < deadline) pause();
    kill();
    while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
    for (int file : {output_, errors_})
        if (file >= 0) close(file);
}

void ChildProcess::close_input() {
    if (input_ >= 0) close(input_);
    input_ = -1;
}

// Before it is reaped its number, and that of its group, are nobody else's.
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
    for (int i = 0; i < 64 && errors_ >= 0; ++i) {  // it may never stop
        const ssize_t n = read(errors_, bytes, sizeof bytes);
        if (n < 0) return;  // nothing more for now
        if (n == 0) {
            close(errors_);
            errors_ = -1;
            return;
        }
        tail_.append(bytes, static_cast<size_t>(n));
        if (tail_.size() > kTail) tail_.erase(0, tail_.size() - kTail);
    }
}

std::string ChildProcess::last_words() {
    const auto deadline = Clock::now() + std::chrono::milliseconds(100);  // words may be on their way
    for (read_errors(); errors_ >= 0 && Clock::now() < deadline; read_errors()) pause();
    const std::string words = printable(tail_, kShownTail, Keep::end);
    return words.empty() ? "" : "; its last words: " + words;
}

std::string ChildProcess::end_in_words() {
    const auto deadline = Clock::now() + std::chrono::milliseconds(500);
    while (!ended() && Clock::now() < deadline) pause();
    siginfo_t info = {};
    if (!ended() || waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0)
        return "closed its pipes";
    if (info.si_code == CLD_EXITED) return text("ended with status ", info.si_status);
    return text("was killed by signal ", info.si_status, " (", strsignal(info.si_status), ")");
}

// The state of an exchange with one child.
class Exchange {
  public:
    Exchange(ChildProcess& child, Question& question)
        : child_(child), question_(question), rest_(question.line + "\n") {}

    bool done() const { return answered_ && sent_ == rest_.size(); }

    void wait_for(std::vector<pollfd>& files) const {
        const bool sending = sent_ < rest_.size();
        files.push_back({sending ? child_.input_ : -1, POLLOUT, 0});
        files.push_back({answered_ ? -1 : child_.output_, POLLIN, 0});
        files.push_back({child_.errors_, POLLIN, 0});
    }

    // Goes on as far as the pipes allow. Returns what the child did wrong, or nothing.
    std::string proceed() {
        child_.read_errors();
        while (sent_ < rest_.size()) {
            const ssize_t n = write_quietly(child_.input_, rest_.data() + sent_, rest_.size() - sent_);
            if (n < 0 && errno == EINTR) continue;
            if (n < 0 && errno != EAGAIN) return child_.end_in_words();
            if (n < 0) break;
            sent_ += static_cast<size_t>(n);
        }
        std::string& answer = question_.answer;
        char bytes[65536];
        while (!answered_) {
            const ssize_t n = read(child_.output_, bytes, sizeof bytes);
            if (n < 0 && errno == EINTR) continue;
            if (n < 0 && errno == EAGAIN) return "";
            if (n <= 0) return child_.end_in_words();
            const char* end = static_cast<const char*>(std::memchr(bytes, '\n', static_cast<size_t>(n)));
            answer.append(bytes, end ? static_cast<size_t>(end - bytes) : static_cast<size_t>(n));
            if (answer.size() > kLongestAnswer) return "answers with more than 256 MiB";
            if (!end) continue;
            answered_ = true;
            if (end + 1 != bytes + n)
                return "says more than one line, the second one '" +
                       printable({end + 1, static_cast<size_t>(bytes + n - end - 1)}, 60, Keep::beginning) + "'";
        }
        return "";
    }

    // Its output may be held open by something that it started.
    bool gone() const { return child_.ended(); }
    std::string end_in_words() const { return child_.end_in_words(); }

  private:
    ChildProcess& child_;
    Question& question_;
    std::string rest_;
    size_t sent_ = 0;
    bool answered_ = false;
};

Misconduct ask(std::vector<ChildProcess*> children, std::vector<Question>& questions, double seconds) {
    std::vector<Exchange> open;
    open.reserve(questions.size());
    for (Question& question : questions) open.emplace_back(*children[question.child], question);
    const auto deadline = Clock::now() + std::chrono::duration<double>(seconds);
    std::vector<pollfd> files;
    for (;;) {
        files.clear();
        bool done = true;
        for (size_t i = 0; i < open.size(); ++i) {
            const bool was_gone = open[i].gone();  // asked first: what it said before its end is still read
            if (const std::string words = open[i].proceed(); !words.empty()) return {questions[i].child, words};
            if (!open[i].done() && was_gone) return {questions[i].child, open[i].end_in_words()};
            if (open[i].done()) continue;
            done = false;
            open[i].wait_for(files);
        }
        if (done) return {};
        const double left = std::chrono::duration<double>(deadline - Clock::now()).count();
        if (left <= 0) {
            size_t late = 0;
            while (open[late].done()) ++late;
            return {questions[late].child, text("does not answer within ", seconds, " s")};
        }
        // In slices: the end of a child whose pipes stay open wakes nobody.
        poll(files.data(), files.size(), static_cast<int>(std::min(1000.0, 1000 * left) + 1));
    }
}

}  // namespace astro::data
