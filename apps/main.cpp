// astro: runs the requested command. Failures are reported as one line on stderr and an exit code.
#include <poll.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <iostream>
#include <new>
#include <string>
#include <vector>

#include "apps/command_line/options.h"
#include "apps/run/output.h"
#include "apps/run/signals.h"
#include "tensor/base/error.h"
#include "tensor/base/printable.h"

namespace {

using astro::Error;
using astro::ErrorKind;

int exit_code(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::usage:
            return 2;
        case ErrorKind::data:
            return 3;
        case ErrorKind::interrupted:
            return astro::app::kInterrupted;
        case ErrorKind::io:
        case ErrorKind::device:
        case ErrorKind::numeric:
        case ErrorKind::internal:
            return 1;
    }
    return 1;
}

// The exit code of a program that a shell sees end by SIGPIPE.
constexpr int kClosedPipe = 141;

// Whether standard output is a pipe whose reader has ended, as in `astro help | head -1`. This is no failure to report.
bool reader_is_gone() {
    pollfd output = {STDOUT_FILENO, 0, 0};
    return ::poll(&output, 1, 0) == 1 && (output.revents & POLLERR) != 0;
}

int run(std::vector<std::string> arguments) {
    if (arguments.empty() || arguments[0] == "--help" || arguments[0] == "-h") arguments = {"help"};
    if (arguments[0] == "--version") arguments[0] = "version";
    size_t used = 0;
    const astro::app::Command* command = astro::app::find_command(arguments, used);
    if (command == nullptr) astro::app::refuse_command(arguments);
    arguments.erase(arguments.begin(), arguments.begin() + static_cast<std::ptrdiff_t>(used));
    astro::app::CommandLine line(*command, arguments);
    const int code = command->run(line);
    // Output that could not be written is a failure, for example because of a full disk or a closed pipe.
    std::cout.flush();
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0 || !std::cout) {
        if (reader_is_gone()) return kClosedPipe;
        astro::fail(ErrorKind::io, "cannot write to standard output");
    }
    return code;
}

int report(const char* message, int code) {
    std::fprintf(stderr, "astro: %s\n", astro::printable(message, astro::app::kLongestLine).c_str());
    return code;
}

}  // namespace

int main(int argc, char** argv) {
    astro::app::install_signal_handlers();
    try {
        return run(std::vector<std::string>(argv + 1, argv + argc));
    } catch (const Error& error) {
        return report(error.what(), exit_code(error.kind()));
    } catch (const astro::OutOfMemory& error) {
        return report(error.what(), 1);
    } catch (const std::bad_alloc&) {
        return report("out of memory", 1);
    } catch (const std::exception& error) {
        return report(error.what(), 1);
    }
}
