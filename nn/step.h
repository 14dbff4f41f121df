// Training steps, cut into what the host does and what the device does.
//
// The host draws a minibatch and everything else that changes from step to step, and hands it over in one copy; the
// step's body computes from those inputs and from memory that stays where it is (parameters, constants), and leaves a
// few numbers. So the body asks the same of the device every time, and a backend that can records it the second time
// that a kind of step is run with inputs of the same sizes, and replays it from then on.
//
// A device works through its steps while the host goes on: it waits only where it asks for the numbers, every so many
// steps. From a number that is not finite on nothing moves any more, in what is left of that step and in later ones,
// until the host has asked. What the step moved before it came to that number stays moved: where an actor learns from
// critics that moved in the same step, an actor's loss that is not finite leaves the critics one step ahead.
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

using Metrics = std::vector<std::pair<std::string, double>>;  // named values of an update, for the curves

namespace nn {

// Pieces that `rows` are cut into where `chunks` are asked for.
inline int64_t chunk_count(int64_t chunks, int64_t rows) { return std::max<int64_t>(1, std::min(chunks, rows)); }

// The run of rows that chunk c of n takes: [first, first + count).
inline std::pair<int64_t, int64_t> chunk_rows(int64_t rows, int64_t chunks, int64_t c) {
    const int64_t first = rows * c / chunks;
    return {first, rows * (c + 1) / chunks - first};
}

// Host arrays on their way to tensors, many in one copy.
class Inputs {
  public:
    explicit Inputs(Backend& backend) : backend_(backend) {}

    // A tensor whose elements are there after upload(). Where rounds that follow one another add the same types and
    // shapes, its place in memory is the same from the second of them on.
    template <class T>
    Tensor add(const Shape& shape, const std::vector<T>& values) {
        ASTRO_CHECK(shape.numel() == static_cast<int64_t>(values.size()), "input: shape ", shape, " for ",
                    values.size(), " values");
        return add(DTypeOf<T>::value, shape, values.data());
    }
    Tensor add(DType type, const Shape& shape, const void* values);
    void upload();   // all that was added since the last time; ends the round
    void restart();  // forgets what was added

    using Layout = std::vector<std::pair<DType, Shape>>;
    const Layout& last_round() const { return last_layout_; }
    bool settled() const { return settled_; }  // the last round was like the one before

  private:
    void send();

    Backend& backend_;
    std::vector<char> host_;
    Tensor block_;                         // u8
    int64_t round_ = 0, last_round_ = -1;  // bytes added
    Layout layout_, last_layout_;
    bool settled_ = false;
};

// A number that a step reported was not finite. Nothing has moved since, and counters stand where they stood before
// that step.
class StepFailed : public Error {
  public:
    StepFailed(int64_t update, const std::string& message) : Error(ErrorKind::numeric, message), update_(update) {}
    int64_t update() const { return update_; }

  private:
    int64_t update_;
};

class Steps;

// One step that is about to run.
class Step {
  public:
    // The host's part, before run(): tensors that the body may read.
    template <class T>
    Tensor input(const Shape& shape, const std::vector<T>& values) {
        return inputs().add(shape, values);
    }
    Tensor number(double value) { return input(Shape{1}, std::vector<double>{value}); }  // f64 (1)
    // States of random streams, one a row: i64 (n, 3).
    Tensor streams(int64_t n, const std::function<Rng(int64_t)>& stream);
    Inputs& inputs();
    void counts(int64_t& counter) { counters_.push_back(&counter); }  // goes up by one, unless the step fails

    // In the body: a number for the host, the sum of the elements; not finite, it fails the step. Names that begin with
    // a dot are for that alone.
    void report(const std::string& name, const Tensor& value);
    double* failed();  // for Backend::adam and lerp: 0 until something was not finite
    // f(first, count) for runs of n elements that do not depend on one another, on the threads.
    void share(int64_t n, const std::function<void(int64_t first, int64_t count)>& f);

    // Runs the body, or its recording; the device may still be at it afterwards.
    void run(const std::function<void()>& body);

  private:
    friend class Steps;
    struct Kind;
    Step(Steps& steps, Kind& kind, int64_t update);

    Steps& steps_;
    Kind& kind_;
    int64_t update_;
    Tensor serial_;  // f64 (1): what marks this step's failure, never 0
    std::vector<int64_t*> counters_;
};

// The kinds of steps of one model: whatever differs in what the body asks of the device, such as shapes, needs a name
// of its own.
class Steps {
  public:
    // pieces: runs that elementwise work may be cut into; 1 where a launch of its own costs more than it gains.
    Steps(Backend& backend, ThreadPool& threads, int64_t pieces);
    ~Steps();

    Step begin(const std::string& kind, int64_t update = 0);  // update: for StepFailed; at least 0

    // What the last step reported; waits for the device. Throws StepFailed for the first one that failed since the last
    // call.
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
    Tensor report_;  // f64 (1 + kMostMetrics): the serial of the step that failed or 0, then what was reported
    std::map<std::string, std::unique_ptr<Step::Kind>> kinds_;
    std::vector<Ran> ran_;  // since metrics() was called last
    const Step::Kind* last_ = nullptr;
};

}  // namespace nn
}  // namespace astro
