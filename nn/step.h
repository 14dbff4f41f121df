// Training steps, divided into a host part and a device part.
//
// The host prepares everything that changes from step to step, such as the minibatch, and uploads it in one copy. The
// body of the step computes from these inputs and from memory with fixed addresses (parameters, constants), and reports
// a few metrics. The body therefore issues the same device operations every time. If the backend supports it, the body
// is recorded at the second step of a kind with inputs of the same types and shapes, and replayed from then on.
//
// The device may execute steps asynchronously. The host waits only when it reads the metrics, typically once in several
// steps. After the first metric that is not finite, all later parameter updates are skipped, in this step and in
// following ones, until the host reads the metrics. Updates made earlier in the same step are kept. For example, if an
// actor is updated after its critics and the actor's loss is not finite, the critics are one step ahead of the actor.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tensor/base/threads.h"
#include "tensor/rng.h"
#include "tensor/tensor.h"

namespace astro {

using Metrics = std::vector<std::pair<std::string, double>>;  // named values of an update, for learning curves

namespace nn {

// Number of chunks of a batch of `rows` rows if `chunks` are requested: at least 1, and at most one per row.
inline int64_t chunk_count(int64_t chunks, int64_t rows) { return std::max<int64_t>(1, std::min(chunks, rows)); }

// First row and number of rows of chunk c.
inline std::pair<int64_t, int64_t> chunk_rows(int64_t rows, int64_t chunks, int64_t c) {
    const int64_t first = rows * c / chunks;
    return {first, rows * (c + 1) / chunks - first};
}

// Collects host arrays and uploads them to tensors in one copy.
class Inputs {
  public:
    explicit Inputs(Backend& backend) : backend_(backend) {}

    // Returns a tensor whose elements are valid after upload(). If consecutive rounds add the same types and shapes,
    // the tensors have the same addresses from the second of these rounds on.
    template <class T>
    Tensor add(const Shape& shape, const std::vector<T>& values) {
        ASTRO_CHECK(shape.numel() == static_cast<int64_t>(values.size()), "input: shape ", shape, " for ",
                    values.size(), " values");
        return add(DTypeOf<T>::value, shape, values.data());
    }
    Tensor add(DType type, const Shape& shape, const void* values);
    void upload();   // uploads everything added since the last call; ends the round
    void restart();  // discards everything added since the last upload

    using Layout = std::vector<std::pair<DType, Shape>>;
    const Layout& last_round() const { return last_layout_; }
    bool settled() const { return settled_; }  // the last two rounds had the same layout

  private:
    void send();

    Backend& backend_;
    std::vector<char> host_;
    Tensor block_;                         // u8
    int64_t round_ = 0, last_round_ = -1;  // bytes added in this and in the last round
    Layout layout_, last_layout_;
    bool settled_ = false;
};

// A metric that a step reported was not finite. Later parameter updates have been skipped, and counters are reset to
// their values before that step.
class StepFailed : public Error {
  public:
    StepFailed(int64_t update, const std::string& message) : Error(ErrorKind::numeric, message), update_(update) {}
    int64_t update() const { return update_; }

  private:
    int64_t update_;
};

class Steps;

// A step that is being prepared or run.
class Step {
  public:
    // For the host part, before run(): inputs of the body.
    template <class T>
    Tensor input(const Shape& shape, const std::vector<T>& values) {
        return inputs().add(shape, values);
    }
    Tensor number(double value) { return input(Shape{1}, std::vector<double>{value}); }  // f64 (1)
    // States of n random streams: i64 (n, 3).
    Tensor streams(int64_t n, const std::function<Rng(int64_t)>& stream);
    Inputs& inputs();
    void counts(int64_t& counter) { counters_.push_back(&counter); }  // increased by one unless the step fails

    // For the body: reports the sum of the elements as a metric. The step fails if it is not finite. Metrics whose
    // names begin with a dot only serve this check and are not returned by Steps::metrics.
    void report(const std::string& name, const Tensor& value);
    double* failed();  // for Backend::adam and lerp: not 0 after a metric that is not finite
    // Calls f(first, count) for ranges that cover n independent elements, on several threads.
    void share(int64_t n, const std::function<void(int64_t first, int64_t count)>& f);

    // Executes the body or replays its recording. May return before the device has finished.
    void run(const std::function<void()>& body);

  private:
    friend class Steps;
    struct Kind;
    Step(Steps& steps, Kind& kind, int64_t update);

    Steps& steps_;
    Kind& kind_;
    int64_t update_;
    Tensor serial_;  // f64 (1): identifies this step if it fails; never 0
    std::vector<int64_t*> counters_;
};

// The steps of one model. Steps that issue different device operations, for example with other shapes, must have
// different kinds.
class Steps {
  public:
    // pieces: maximum number of parts for elementwise work; 1 if additional kernel launches would not pay off.
    Steps(Backend& backend, ThreadPool& threads, int64_t pieces);
    ~Steps();

    Step begin(const std::string& kind, int64_t update = 0);  // update: number for StepFailed, at least 0

    // Waits for the device and returns the metrics of the last step. Throws StepFailed for the first step that has
    // failed since the last call.
    Metrics metrics();

  private:
    friend class Step;
    struct Ran {
        int64_t update;
        const Step::Kind* kind;
        std::vector<int64_t*> counters;
    };

    Backend& backend_;
    ThreadPool& threads_;
    int64_t pieces_;
    Tensor report_;  // f64 (1 + kMaxMetrics): the serial of the failed step or 0, followed by the metrics
    std::map<std::string, std::unique_ptr<Step::Kind>> kinds_;
    std::vector<Ran> ran_;  // steps since the last call of metrics()
    const Step::Kind* last_ = nullptr;
};

}  // namespace nn
}  // namespace astro
