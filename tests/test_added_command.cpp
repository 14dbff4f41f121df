// A minimal new command: options, one function, one row. It is called in the same way as main calls commands.
#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdio>

#include "apps/command_line/options.h"
#include "apps/run/output.h"
#include "data/npz.h"
#include "tensor/base/error.h"

using namespace astro;
using namespace astro::app;

namespace {

struct MeanOptions {
    double scale = 1;

    template <class V>
    void visit(V& v) {
        v("scale", scale, "factor on each number", Source::ours, between(0, 1e6));
    }
};

int run_mean(CommandLine& line) {
    MeanOptions options;
    OutputOptions output;
    line.add(options);
    line.add(output);
    if (!line.parse()) return 0;
    double sum = 0;
    for (const std::string& word : line.operands()) sum += options.scale * parse_real(word, anything());
    data::Json figures = data::Json::object();
    figures["mean"] = sum / static_cast<double>(line.operands().size());
    print_new(figures, {}, output.json);
    return 0;
}

constexpr Command kMean = {"mean", "NUMBER...", "Shows the mean of some numbers.", run_mean};

struct Printed {
    int code;
    std::string text;  // on standard output
};
Printed run(std::vector<std::string> arguments) {
    std::fflush(stdout);
    std::FILE* file = std::tmpfile();
    REQUIRE(file != nullptr);
    const int kept = ::dup(STDOUT_FILENO);
    ::dup2(::fileno(file), STDOUT_FILENO);
    Printed printed{-1, std::string(4096, 0)};
    std::string failure;
    try {
        CommandLine line(kMean, std::move(arguments));
        printed.code = kMean.run(line);
    } catch (const Error& error) {
        failure = error.what();
    }
    std::fflush(stdout);
    ::dup2(kept, STDOUT_FILENO);
    ::close(kept);
    std::rewind(file);
    printed.text.resize(std::fread(printed.text.data(), 1, printed.text.size(), file));
    std::fclose(file);
    if (!failure.empty()) fail(ErrorKind::usage, failure);
    return printed;
}

}  // namespace

TEST_CASE("added command: options, operands, output as a table or JSON, and --help") {
    const Printed table = run({"1", "--scale", "2", "4"});
    CHECK(table.code == 0);
    CHECK(table.text.substr(0, 5) == "mean ");
    CHECK(table.text.find(" 5\n") != std::string::npos);
    CHECK(data::Json::parse(run({"1", "2", "--json"}).text, "output").at("mean").as_real() == 1.5);
    const Printed help = run({"--help"});
    CHECK(help.code == 0);
    for (const char* part : {"astro mean NUMBER... [options]", "Shows the mean", "--scale", "from 0 to 1000000"})
        CHECK_MESSAGE(help.text.find(part) != std::string::npos, part);
}

TEST_CASE("added command: invalid arguments are errors that name the option") {
    CHECK_THROWS_WITH_AS(run({"1", "--scale", "-1"}), "mean: --scale -1: expected a number from 0 to 1000000", Error);
    CHECK_THROWS_AS(run({}), Error);
    CHECK_THROWS_AS(run({"1", "--scal", "2"}), Error);
}
