// The processes of one simulator in the protocol of docs/environments.md: requests in parallel, answers checked for
// shape.
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

// A request to one of the processes: its members beside "id" and "request".
struct Request {
    size_t process = 0;
    Json members = Json::object();
};

// May be used by several threads: they take turns. What goes wrong is Error(io), one line with the command, the process
// where there are several, what it did, and its last words. After that every request fails with the same line.
class Simulator {
  public:
    // Starts the processes and has them describe themselves, all alike.
    Simulator(const std::string& command, const ProcessSettings& settings);
    ~Simulator();

    const std::string& command() const { return command_; }
    const Json& description() const { return description_; }
    size_t processes() const { return children_.size(); }

    // One answer for each request, in order: an object without "error". A process gets at most one of them.
    std::vector<Json> ask(const std::string& kind, const std::vector<Request>& requests);

    // Throws: what the process answered is not what was asked for.
    [[noreturn]] void refuse(size_t process, const std::string& words);

    // Rows of numbers, (rows, columns), all finite, under a key of a process's answer.
    std::vector<double> rows_of(size_t process, const Json& answer, const std::string& key, size_t rows,
                                size_t columns);
    std::vector<uint8_t> flags_of(size_t process, const Json& answer, const std::string& key, size_t rows);
    double number_of(size_t process, const Json& answer, const std::string& key);
    int64_t count_of(size_t process, const Json& answer, const std::string& key, int64_t least, int64_t most);

  private:
    Json parse(size_t process, const std::string& kind, int64_t id, const std::string& line);

    std::string command_;
    ProcessSettings settings_;
    std::vector<std::unique_ptr<ChildProcess>> children_;
    std::recursive_mutex mutex_;
    std::string broken_;  // what every further request fails with
    int64_t asked_ = 0;
    Json description_;
};

// Splits n rows over at most p processes, in order: begins[i] to begins[i + 1] for process i. As even as can be.
std::vector<size_t> shares(size_t n, size_t p);

// A matrix (n, columns) from row `begin` to `end`, as a JSON array of rows. Numbers are written so that they read back
// the same.
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
