// astro act: runs an exported policy as a process. For each line of JSON with an observation, it immediately writes a
// line with an action. docs/formats.md, "Policies".
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iostream>

#include "apps/command_line/options.h"
#include "astro/learners/exported_policy.h"
#include "data/file.h"
#include "tensor/base/error.h"

namespace astro::app {

namespace {

struct ActOptions {
    std::string policy;
    template <class V>
    void visit(V& v) {
        v("policy", policy, "file written by astro policy export", Source::ours, anything());
    }
};

using learners::ExportedPolicy;

// Appends the numbers of one row, which `what` names in messages.
void add_row(const data::Json& row, int64_t width, const std::string& what, std::vector<double>& to) {
    if (row.kind() != data::Json::Kind::array)
        fail(ErrorKind::data, what, ": expected an array of ", width, " numbers");
    if (static_cast<int64_t>(row.elements().size()) != width)
        fail(ErrorKind::data, what, ": ", row.elements().size(), " numbers, expected ", width);
    for (size_t i = 0; i < row.elements().size(); ++i) {
        const data::Json& value = row.elements()[i];
        if (value.kind() != data::Json::Kind::integer && value.kind() != data::Json::Kind::real)
            fail(ErrorKind::data, what, ", number ", i, ": expected a finite number");
        to.push_back(value.as_real());
    }
}

// The numbers of a request's member: one row, or an array of rows.
std::vector<double> rows_of(const data::Json& value, int64_t width, bool batch, const std::string& name) {
    std::vector<double> rows;
    if (!batch) {
        add_row(value, width, name, rows);
        return rows;
    }
    if (value.kind() != data::Json::Kind::array) fail(ErrorKind::data, name, ": expected an array of arrays");
    for (size_t r = 0; r < value.elements().size(); ++r)
        add_row(value.elements()[r], width, text(name, ", row ", r), rows);
    return rows;
}

// A line as JSON; messages give the column alone, since the caller knows the line.
data::Json parse_line(const std::string& line) {
    try {
        return data::Json::parse(line, "");
    } catch (const Error& error) {
        const std::string words = error.what(), place = ": line 1, ";
        fail(error.kind(), words.compare(0, place.size(), place) == 0 ? words.substr(place.size()) : words);
    }
}

// The answer to one request. Error(data) where the request is wrong.
data::Json answer(const ExportedPolicy& policy, const data::Json& request) {
    if (request.kind() != data::Json::Kind::object)
        fail(ErrorKind::data, "expected an object, such as {\"observation\": [...]",
             policy.goals ? ", \"goal\": [...]" : "", "}");
    const bool batch = request.find("observations") != nullptr;
    const std::string plural = batch ? "s" : "", observation = "observation" + plural, goal = "goal" + plural;
    for (const data::Json::Member& member : request.members()) {
        if (member.first == observation) continue;
        if (member.first == goal && policy.goals) continue;
        fail(ErrorKind::data, "unknown member \"", member.first, "\": expected \"", observation, "\"",
             policy.goals ? " and \"" + goal + "\"" : " only, because this policy takes no goal");
    }
    auto read = [&](const std::string& name) {
        if (!request.find(name)) fail(ErrorKind::data, "no \"", name, "\"");
        return rows_of(request.at(name), policy.observation_dim(), batch, "\"" + name + "\"");
    };
    const std::vector<double> observations = read(observation);
    const std::vector<double> goals = policy.goals ? read(goal) : std::vector<double>{};
    if (policy.goals && goals.size() != observations.size())
        fail(ErrorKind::data, "expected as many goals as observations");
    const auto width = static_cast<std::ptrdiff_t>(policy.action_dim());
    const std::vector<double> actions = observations.empty() ? observations : policy.act(observations, goals);
    data::Json rows = data::Json::array();
    for (auto at = actions.begin(); at != actions.end(); at += width) rows.push(std::vector<double>(at, at + width));
    data::Json reply = data::Json::object();
    if (batch)
        reply["actions"] = rows;
    else
        reply["action"] = rows.elements()[0];
    return reply;
}

// Writes a line to standard output immediately. False if the reader has closed it, which is the usual end of a session.
bool write_line(std::string line) {
    line += '\n';
    for (size_t done = 0; done < line.size();) {
        const ssize_t written = ::write(STDOUT_FILENO, line.data() + done, line.size() - done);
        if (written >= 0)
            done += static_cast<size_t>(written);
        else if (errno == EPIPE)
            return false;
        else if (errno != EINTR)
            fail(ErrorKind::io, "cannot write to standard output: ", std::strerror(errno));
    }
    return true;
}

}  // namespace

int run_act(CommandLine& line) {
    ActOptions options;
    line.add(options);
    if (!line.parse()) return 0;
    line.require("policy");
    const std::unique_ptr<Backend> backend = make_cpu_backend();
    const ExportedPolicy policy = learners::load_policy(*backend, options.policy);
    std::string request;
    for (int64_t number = 1; std::getline(std::cin, request); ++number) {
        if (number == 1) request = data::without_byte_order_mark(request);
        std::string reply;
        try {
            reply = answer(policy, parse_line(request)).dump(0);
        } catch (const Error& error) {
            fail(error.kind(), "standard input, line ", number, ": ", error.what());
        }
        if (!write_line(reply)) return 0;
    }
    if (std::cin.bad() || std::ferror(stdin))  // std::cin takes an error of stdin for the end of the input
        fail(ErrorKind::io, "cannot read from standard input: ", std::strerror(errno));
    return 0;
}

}  // namespace astro::app
