#include "data/environments/simulator.h"

#include <cmath>

#include "tensor/base/error.h"

namespace astro::data {

namespace {

std::string quoted(const std::string& answer) { return "'" + printable(answer, 80, Keep::beginning) + "'"; }

}  // namespace

std::vector<size_t> shares(size_t n, size_t p) {
    std::vector<size_t> begins;
    for (size_t i = 0; i <= p; ++i) begins.push_back(n * i / p);
    return begins;
}

Simulator::Simulator(const std::string& command, const ProcessSettings& settings)
    : command_(command), settings_(settings) {
    for (int64_t i = 0; i < settings.processes; ++i) children_.push_back(std::make_unique<ChildProcess>(command));
    std::vector<Request> requests(children_.size());
    for (size_t i = 0; i < requests.size(); ++i) {
        requests[i].process = i;
        requests[i].members["version"] = kProtocolVersion;
    }
    std::vector<Json> answers = ask("describe", requests);
    for (size_t i = 0; i < answers.size(); ++i) {
        answers[i]["id"] = 0;
        if (answers[i].dump(0) != answers[0].dump(0)) refuse(i, "gives another description than process 1");
    }
    description_ = answers[0];
    const int64_t version = count_of(0, description_, "version", 0, INT64_MAX);
    if (version != kProtocolVersion)
        refuse(0, text("uses version ", version, " of the protocol, expected version ", kProtocolVersion));
}

Simulator::~Simulator() {
    for (const auto& child : children_) child->close_input();  // so that all processes end at the same time
}

void Simulator::refuse(size_t process, const std::string& description) {
    const std::lock_guard<std::recursive_mutex> lock(mutex_);
    ChildProcess& child = *children_[process];
    failure_ = "the simulator '" + printable(command_, 120, Keep::beginning) + "'";
    if (children_.size() > 1) failure_ += text(" (process ", process + 1, " of ", children_.size(), ")");
    failure_ += " " + description + child.describe_stderr();
    for (const auto& one : children_) one->kill();
    throw Error(ErrorKind::io, failure_);
}

std::vector<Json> Simulator::ask(const std::string& kind, const std::vector<Request>& requests) {
    const std::lock_guard<std::recursive_mutex> lock(mutex_);
    if (!failure_.empty()) throw Error(ErrorKind::io, failure_);
    const int64_t id = ++last_id_;
    std::vector<LineExchange> exchanges;
    for (const Request& request : requests) {
        Json line = Json::object();
        line["id"] = id;
        line["request"] = kind;
        for (const auto& [key, value] : request.members.members()) line[key] = value;
        exchanges.push_back({request.process, line.dump(0)});
    }
    std::vector<ChildProcess*> children;
    for (const auto& child : children_) children.push_back(child.get());
    const ProtocolViolation violation = data::ask(children, exchanges, settings_.timeout);
    if (!violation.description.empty()) refuse(violation.child, violation.description + " (request: " + kind + ")");
    std::vector<Json> answers;
    for (const LineExchange& exchange : exchanges) answers.push_back(parse(exchange.child, kind, id, exchange.answer));
    return answers;
}

Json Simulator::parse(size_t process, const std::string& kind, int64_t id, const std::string& line) {
    Json answer;
    std::string why;
    try {
        answer = Json::parse(line, "answer");
    } catch (const Error& error) {
        why = error.what();
    }
    if (!why.empty()) {
        const bool nan = line.find("NaN") != std::string::npos || line.find("Infinity") != std::string::npos;
        refuse(process, "answers " + kind + " with " + quoted(line) + ", which is not JSON (" +
                            why.substr(why.find("column")) + (nan ? "; JSON has no NaN or Infinity)" : ")"));
    }
    if (answer.kind() != Json::Kind::object)
        refuse(process, "answers " + kind + " with " + quoted(line) + " where an object was expected");
    if (const Json* error = answer.find("error"))
        refuse(process, "cannot " + kind + ": " +
                            printable(error->kind() == Json::Kind::string ? error->as_string() : error->dump(0), 400,
                                      Keep::beginning));
    const Json* answered = answer.find("id");
    if (!answered || answered->kind() != Json::Kind::integer || answered->as_integer() != id)
        refuse(process,
               text("answers ", kind, " number ", id, " with ", quoted(line), ": the id is not that of the request"));
    return answer;
}

std::vector<double> Simulator::rows_of(size_t process, const Json& answer, const std::string& key, size_t rows,
                                       size_t columns) {
    const Json* matrix = answer.find(key);
    if (!matrix || matrix->kind() != Json::Kind::array) refuse(process, "answers without an array \"" + key + "\"");
    if (matrix->elements().size() != rows)
        refuse(process,
               text("gives ", matrix->elements().size(), " rows of \"", key, "\" where ", rows, " were expected"));
    std::vector<double> values;
    values.reserve(rows * columns);
    for (size_t i = 0; i < rows; ++i) {
        const Json& row = matrix->elements()[i];
        const size_t width = row.kind() == Json::Kind::array ? row.elements().size() : 0;
        if (row.kind() != Json::Kind::array || width != columns)
            refuse(process, text("gives row ", i, " of \"", key, "\" with ", width, " numbers where ", columns,
                                 " were expected"));
        for (const Json& value : row.elements()) {
            const bool number = value.kind() == Json::Kind::real || value.kind() == Json::Kind::integer;
            if (!number || !std::isfinite(value.as_real()))
                refuse(process, text("gives ", printable(value.dump(0), 40, Keep::beginning), " in row ", i, " of \"",
                                     key, "\" where a finite number was expected"));
            values.push_back(value.as_real());
        }
    }
    return values;
}

std::vector<uint8_t> Simulator::flags_of(size_t process, const Json& answer, const std::string& key, size_t rows) {
    const Json* list = answer.find(key);
    std::vector<uint8_t> flags;
    if (list && list->kind() == Json::Kind::array)
        for (const Json& flag : list->elements())
            if (flag.kind() == Json::Kind::boolean) flags.push_back(flag.as_bool());
    if (flags.size() != rows || list->elements().size() != rows)
        refuse(process, text("answers without an array \"", key, "\" of ", rows, " booleans"));
    return flags;
}

double Simulator::number_of(size_t process, const Json& answer, const std::string& key) {
    const Json* value = answer.find(key);
    if (!value || (value->kind() != Json::Kind::real && value->kind() != Json::Kind::integer) ||
        !std::isfinite(value->as_real()))
        refuse(process, "answers without a number \"" + key + "\"");
    return value->as_real();
}

int64_t Simulator::count_of(size_t process, const Json& answer, const std::string& key, int64_t low, int64_t high) {
    const Json* value = answer.find(key);
    const std::string expected =
        text("an integer of at least ", low, high < INT64_MAX ? text(" and at most ", high) : std::string());
    if (!value) refuse(process, text("answers without \"", key, "\", ", expected));
    const double real = value->kind() == Json::Kind::real ? value->as_real() : .5;
    const bool whole = real == std::floor(real) && std::fabs(real) < 0x1p53;  // some languages write 2 as 2.0
    if (value->kind() == Json::Kind::integer || whole)
        if (const int64_t count = whole ? static_cast<int64_t>(real) : value->as_integer();
            count >= low && count <= high)
            return count;
    refuse(process, text("answers with \"", key, "\": ", printable(value->dump(0), 40, Keep::beginning), ", expected ",
                         expected));
}

}  // namespace astro::data
