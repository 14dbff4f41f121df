// What every trained stage has in common: updates numbered from 0, a state that can be saved, and one loop that
// runs, logs, checkpoints, stops and resumes.
//
// An update draws its random numbers from a stream named by its number, so a state and a number are all that a
// resumed run needs to continue bit for bit.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "nn/train_step.h"
#include "tensor/base/threads.h"

namespace astro::method {

// Where computation happens: handed down from main.
struct Context {
    Backend& backend;
    ThreadPool& threads;
    int64_t chunks = 8;  // pieces a batch is cut into; a setting, never the number of threads

    nn::Cut cut(int64_t rows) const { return nn::Cut(threads, chunks, rows); }  // of a minibatch of that many rows
};

// Everything a later update depends on, by name. Tensors alias the model's own.
struct TrainingState {
    std::vector<std::pair<std::string, Tensor>> tensors;
    std::vector<std::pair<std::string, int64_t*>> counters;

    // Adds all parameters of a set, or an optimiser's moments in the layout of the set, under a prefix.
    void add(const std::string& prefix, const nn::ParameterSet& set);
    void add(const std::string& prefix, const nn::ParameterSet& set, nn::Adam& optimiser);
};

class TrainableModel {
  public:
    virtual ~TrainableModel() = default;
    virtual std::string name() const = 0;  // of the stage: "tdr", "dynamics", "planner", "policy/raw/gcbc"
    virtual int64_t updates() const = 0;   // in all
    virtual void update(int64_t k) = 0;    // one step, number k; the device may still be at it afterwards
    virtual TrainingState state() = 0;
    // What the last update reported, once the device is there; throws nn::StepFailed where one since the last call was
    // not finite.
    Metrics metrics() { return steps_.metrics(); }

  protected:
    explicit TrainableModel(const Context& context)
        : context_(context), steps_(context.backend, context.threads, context.chunks) {}

    Context context_;
    nn::Steps steps_;
};

struct TrainingPlan {
    std::string folder;  // of the stage's checkpoints; empty: none are written
    int64_t checkpoint_every = 1000, keep = 2, metrics_every = 50;
    int64_t stop_after = -1;  // end (resumable) after this many updates in all; -1: run to the end
    bool resume = true;       // continue from the newest checkpoint in the folder
    std::string fingerprint;  // of the settings and data; a checkpoint of another one is refused
};

// Where the loop reports to; any may be empty. Metrics are those that were read last: the host asks the device for them
// every metrics_every updates, and wherever it needs to know that all went well.
struct TrainingObserver {
    std::function<void(int64_t step, int64_t total, const Metrics&)> progress;  // every update
    std::function<void(int64_t step, const Metrics&)> metrics;                  // every metrics_every, and at the end
    std::function<void(int64_t step)> resumed;                                  // before the first update
    std::function<bool(int64_t step)> evaluation_due;                           // after update number `step` (from 1)?
    std::function<void(int64_t step)> evaluate;                                 // where it is due: validation, success
    std::function<bool()> interrupted;                                          // asked after every update
    std::function<void(int64_t step)> ended;                                    // nothing follows; failed, too
    std::function<void(const std::string&)> warn;
};

struct Training {
    TrainableModel& model;
    TrainingPlan plan;
    TrainingObserver observer;
};

// Runs the model to its end. An update that fails numerically is carried out once more with every op checked, so that
// the Error(numeric) names the first one whose result or gradient is not finite; the checkpoints before it stay.
// Returns false when it stopped before (stop_after or an interruption, after writing a checkpoint).
bool train(TrainableModel& model, const TrainingPlan& plan, const TrainingObserver& observer);

// The same for several that do not depend on one another, side by side: each goes on by itself, on one of the threads,
// or on all of them where it is the only one. Each must have a backend that threads may share, or its own. The results
// are those of one after the other.
//
// `warn` and `resumed` are called by the caller's thread, before the first update of any. All else is called by the
// thread of its training: `progress`, `interrupted` and `evaluation_due` whatever the others do; `metrics`,
// `evaluate` and `ended` by one at a time, as checkpoints are written by one at a time.
//
// One that fails does not stop the others: when they have come to their ends, the first one's error is thrown.
bool train(ThreadPool& threads, const std::vector<Training>& trainings);

// Loads the newest checkpoint of a stage; returns its number of updates, or -1 where there is none.
int64_t load_state(TrainableModel& model, const std::string& folder, const std::string& fingerprint,
                   const std::function<void(const std::string&)>& warn);

}  // namespace astro::method
