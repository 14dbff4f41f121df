// Common to all trained stages: updates numbered from 0, a state that can be saved, and one loop that runs, logs,
// checkpoints, stops and resumes.
//
// An update draws its random numbers from a stream named by its number. So the saved state and the number suffice for a
// resumed run to continue bit for bit.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "data/checkpoint.h"
#include "nn/train_step.h"
#include "tensor/base/threads.h"

namespace astro::method {

// The resources for computation, passed down from main.
struct Context {
    Backend& backend;
    ThreadPool& threads;
    int64_t chunks = 8;  // number of pieces of a batch; a setting, independent of the number of threads

    nn::Cut cut(int64_t rows) const { return nn::Cut(threads, chunks, rows); }  // for a minibatch of that many rows
};

// All state that later updates depend on, by name. The tensors alias those of the model.
struct TrainingState {
    std::vector<std::pair<std::string, Tensor>> tensors;
    std::vector<std::pair<std::string, int64_t*>> counters;

    // Adds all parameters of a set, or the moments of an optimiser in the layout of the set, under a prefix.
    void add(const std::string& prefix, const nn::ParameterSet& set);
    void add(const std::string& prefix, const nn::ParameterSet& set, nn::Adam& optimiser);
};

class TrainableModel {
  public:
    virtual ~TrainableModel() = default;
    virtual std::string name() const = 0;  // of the stage: "tdr", "dynamics", "planner", "policy/raw/gcbc"
    virtual int64_t updates() const = 0;   // total number
    virtual void update(int64_t k) = 0;    // runs update number k; the device may still be busy on return
    virtual TrainingState state() = 0;
    // The metrics of the last update, after waiting for the device. Throws nn::StepFailed if an update since the last
    // call was not finite.
    Metrics metrics() { return steps_.metrics(); }

  protected:
    explicit TrainableModel(const Context& context)
        : context_(context), steps_(context.backend, context.threads, context.chunks) {}

    Context context_;
    nn::Steps steps_;
};

struct TrainingPlan {
    std::string folder;  // of the stage's checkpoints; empty: no checkpoints
    int64_t checkpoint_every = 1000, keep = 2, metrics_every = 50;
    int64_t stop_after = -1;  // stop (resumable) after this many updates in total; -1: no limit
    bool resume = true;       // continue from the newest checkpoint in the folder
    std::string fingerprint;  // of settings and data; checkpoints with a different one are rejected
};

// Callbacks of the training loop; any may be empty. Metrics are the ones last read from the device. The host reads them
// every metrics_every updates, and whenever it must know that the updates succeeded.
struct TrainingObserver {
    std::function<void(int64_t step, int64_t total, const Metrics&)> progress;  // every update
    std::function<void(int64_t step, const Metrics&)> metrics;                  // every metrics_every, and at the end
    std::function<void(int64_t step)> resumed;                                  // before the first update
    std::function<bool(int64_t step)> evaluation_due;                           // after update number `step` (from 1)?
    std::function<void(int64_t step)> evaluate;   // when it is due, after a checkpoint was written: validation, success
    std::function<bool(int64_t step)> evaluated;  // whether the evaluation at the restored step was completed
    std::function<bool()> interrupted;            // called after every update
    std::function<void(int64_t step)> ended;      // at the end, or after a failure
    std::function<void(const std::string&)> warn;
};

struct Training {
    TrainableModel& model;
    TrainingPlan plan;
    TrainingObserver observer;
};

// Runs the model to its end. An update that fails numerically is repeated with every op checked, so that the
// Error(numeric) names the first op whose result or gradient is not finite; earlier checkpoints are kept. Returns false
// if it stopped early (stop_after, or an interruption after writing a checkpoint; an evaluation that is due then is
// made when the training is resumed).
bool train(TrainableModel& model, const TrainingPlan& plan, const TrainingObserver& observer);

// The same for several independent models in parallel. Each runs on one of the threads, or on all of them if it is the
// only one. Each needs its own backend, or one that threads may share. The results are the same as in sequence.
//
// `warn` and `resumed` are called on the caller's thread, before the first update of any model. All other callbacks are
// called on the thread that trains the model: `progress`, `interrupted` and `evaluation_due` concurrently; `metrics`,
// `evaluate` and `ended` one at a time, as checkpoints are written one at a time.
//
// If one fails, the others continue. When all have ended, the first error is thrown.
bool train(ThreadPool& threads, const std::vector<Training>& trainings);

// False if the checkpoint was made with other settings or data. An empty fingerprint matches all.
bool fingerprint_matches(const data::Checkpoint& checkpoint, const std::string& fingerprint);

// Loads the newest checkpoint of a stage; returns its number of updates, or -1 if there is none. Error(usage) if the
// fingerprint does not match.
int64_t load_state(TrainableModel& model, const std::string& folder, const std::string& fingerprint,
                   const std::function<void(const std::string&)>& warn);

}  // namespace astro::method
