// The processes of one simulator and the protocol of docs/environments.md. Sends requests in parallel, and checks the
// shapes of the answers.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "data/environment.h"
#include "data/environments/child_process.h"
#include "data/json.h"

namespace astro::data {

constexpr int64_t kProtocolVersion = 1;

// A request to one of the processes. members: all except "id" and "request", which Simulator::ask adds.
struct Request {
    size_t process = 0;
    Json members = Json::object();
};

// Thread-safe: one thread at a time sends requests. Errors: Error(io), one line with the command, the process if there
// are several, what it did, and the end of its standard error. After an error, all requests fail with the same line.
class Simulator {
  public:
    // Starts the processes and sends each a "describe" request. All answers must be equal.
    Simulator(const std::string& command, const ProcessSettings& settings);
    ~Simulator();

    const std::string& command() const { return command_; }
    const Json& description() const { return description_; }
    size_t processes() const { return children_.size(); }

    // Sends at most one request to each process. Returns the answers in order; each is an object without "error".
    std::vector<Json> ask(const std::string& kind, const std::vector<Request>& requests);

    // Kills all processes and throws Error(io). description: what the process did, such as "answers without ...".
    [[noreturn]] void refuse(size_t process, const std::string& description);

    // These functions read a member of an answer, check its type and shape, and call refuse() if it is invalid.
    // rows_of: a matrix (rows, columns) of finite numbers. flags_of: booleans (rows). number_of: a finite number.
    // count_of: an integer from `low` to `high`.
    std::vector<double> rows_of(size_t process, const Json& answer, const std::string& key, size_t rows,
                                size_t columns);
    std::vector<uint8_t> flags_of(size_t process, const Json& answer, const std::string& key, size_t rows);
    double number_of(size_t process, const Json& answer, const std::string& key);
    int64_t count_of(size_t process, const Json& answer, const std::string& key, int64_t low, int64_t high);

  private:
    Json parse(size_t process, const std::string& kind, int64_t id, const std::string& line);

    std::string command_;
    ProcessSettings settings_;
    std::vector<std::unique_ptr<ChildProcess>> children_;
    std::recursive_mutex mutex_;
    std::string failure_;  // the message of the first error; empty: no error
    int64_t last_id_ = 0;
    Json description_;
};

// Divides n rows evenly among p processes: process i gets rows begins[i] to begins[i + 1] - 1. begins: (p + 1).
std::vector<size_t> shares(size_t n, size_t p);

// Rows begin to end - 1 of a matrix (n, columns), as a JSON array of rows. JSON writes numbers without loss.
template <class T>
Json rows_json(const std::vector<T>& values, size_t columns, size_t begin, size_t end) {
    Json rows = Json::array();
    for (size_t i = begin; i < end; ++i) {
        Json row = Json::array();
        for (size_t c = 0; c < columns; ++c) row.push(static_cast<double>(values[i * columns + c]));
        rows.push(std::move(row));
    }
    return rows;
}

}  // namespace astro::data
