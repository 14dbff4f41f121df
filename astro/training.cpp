#include "astro/training.h"

#include <algorithm>
#include <exception>
#include <mutex>

#include "data/checkpoint.h"
#include "tensor/base/rows.h"

namespace astro::method {

namespace {

data::NpyArray to_array(const Tensor& tensor) {
    std::vector<int64_t> shape;
    for (int i = 0; i < tensor.rank(); ++i) shape.push_back(tensor.dim(i));
    if (tensor.dtype() == DType::f64) return data::NpyArray::from(shape, tensor.to_vector<double>());
    return data::NpyArray::from(shape, tensor.to_vector<float>());
}

void save_state(TrainableModel& model, const TrainingPlan& plan, int64_t step) {
    data::NamedArrays arrays;
    TrainingState state = model.state();
    for (const auto& [name, tensor] : state.tensors) arrays[name] = to_array(tensor);
    for (const auto& [name, counter] : state.counters)
        arrays[name] = data::NpyArray::from({}, std::vector<int64_t>{*counter});
    data::Json meta = data::Json::object();
    meta["format"] = "astro checkpoint 1";
    meta["stage"] = model.name();
    meta["step"] = step;
    meta["fingerprint"] = plan.fingerprint;
    data::save_checkpoint(plan.folder, step, arrays, meta, static_cast<int>(plan.keep));
}

void load_tensor(Tensor& tensor, const data::NpyArray& array, const std::string& where) {
    std::vector<int64_t> shape;
    for (int i = 0; i < tensor.rank(); ++i) shape.push_back(tensor.dim(i));
    if (array.shape != shape)
        fail(ErrorKind::data, where, ": expected shape ", data::shape_text(shape), ", found ",
             data::shape_text(array.shape), "; hint: train this stage in another --run folder");
    if (tensor.dtype() == DType::f64)
        tensor.assign(Tensor::from(tensor.backend(), tensor.shape(), array.to<double>(where)));
    else
        tensor.assign(Tensor::from(tensor.backend(), tensor.shape(), array.to<float>(where)));
}

// Repeats update k with checks to find the first op that fails.
[[noreturn]] void explain(TrainableModel& model, int64_t k, const std::string& symptom) {
    std::string cause, detail;
    try {
        const FiniteCheck on;
        model.update(k);
        model.metrics();
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::numeric && !error.detail().empty())
            cause = text("; first, ", error.what()), detail = error.detail();
    }
    throw Error(ErrorKind::numeric,
                text(model.name(), ", update ", k + 1, ": ", symptom, cause, "; the last checkpoint is kept"), detail);
}

// The training of one model.
class Loop {
  public:
    explicit Loop(const Training& training)
        : model_(training.model),
          plan_(training.plan),
          observer_(training.observer),
          end_(plan_.stop_after >= 0 ? std::min(model_.updates(), plan_.stop_after) : model_.updates()) {
        if (plan_.resume) saved_ = load_state(model_, plan_.folder, plan_.fingerprint, observer_.warn);
        step_ = std::max<int64_t>(0, saved_);
        if (observer_.resumed) observer_.resumed(step_);
    }

    // Runs to the end; a failure is stored for rethrow().
    void run(std::mutex& observer_mutex) {
        try {
            evaluate_restored(observer_mutex);
            do {
                advance();
                if (saved_ != step_) do_due_work(observer_mutex);
            } while (!ended());
        } catch (...) {
            failure_ = std::current_exception();
        }
        const std::lock_guard<std::mutex> lock(observer_mutex);
        if (observer_.ended) observer_.ended(step_);
    }

    // A failed update is explained only after all others have ended, because FiniteCheck checks all threads.
    void rethrow() {
        if (!failure_) return;
        try {
            std::rethrow_exception(failure_);
        } catch (const nn::StepFailed& failure) {
            explain(model_, failure.update(), failure.what());
        }
    }

    bool complete() const { return step_ >= model_.updates(); }

  private:
    bool ended() const { return stopped_ || step_ >= end_; }
    bool metrics_due() const { return step_ % plan_.metrics_every == 0 || complete(); }
    bool evaluation_due() const { return observer_.evaluation_due && observer_.evaluation_due(step_); }

    // Runs updates up to the next one after which something is due.
    void advance() {
        while (!ended()) {
            model_.update(step_++);
            if (observer_.progress) observer_.progress(step_, model_.updates(), metrics_);
            stopped_ = observer_.interrupted && observer_.interrupted();
            if (metrics_due() || evaluation_due() || step_ % plan_.checkpoint_every == 0) return;
        }
    }

    // Repeats the evaluation at the restored step if it was not completed.
    void evaluate_restored(std::mutex& observer_mutex) {
        if (step_ == 0 || !observer_.evaluate || !evaluation_due()) return;
        if (!observer_.evaluated || observer_.evaluated(step_)) return;
        const std::lock_guard<std::mutex> lock(observer_mutex);
        observer_.evaluate(step_);
    }

    // Reports metrics, saves and evaluates where these are due. Waits for the device before taking the mutex. A model
    // without updates is only saved.
    void do_due_work(std::mutex& observer_mutex) {
        metrics_ = model_.metrics();
        const std::lock_guard<std::mutex> lock(observer_mutex);
        if (observer_.metrics && step_ > 0 && metrics_due()) observer_.metrics(step_, metrics_);
        const bool evaluation = observer_.evaluate && step_ > 0 && evaluation_due();
        if (!evaluation && step_ % plan_.checkpoint_every != 0 && !ended()) return;
        // Before the evaluation, which may take long or fail.
        if (!plan_.folder.empty()) save_state(model_, plan_, step_);
        saved_ = step_;
        if (evaluation && !stopped_) observer_.evaluate(step_);
    }

    TrainableModel& model_;
    const TrainingPlan& plan_;
    const TrainingObserver& observer_;
    int64_t end_, step_ = 0, saved_ = -1;
    bool stopped_ = false;
    Metrics metrics_;
    std::exception_ptr failure_;
};

}  // namespace

void TrainingState::add(const std::string& prefix, const nn::ParameterSet& set) {
    for (auto& [name, view] : set.views(set.flat())) tensors.emplace_back(prefix + "/" + name, view);
}

void TrainingState::add(const std::string& prefix, const nn::ParameterSet& set, nn::Adam& optimiser) {
    for (auto& [name, view] : set.views(optimiser.first_moment)) tensors.emplace_back(prefix + "/m/" + name, view);
    for (auto& [name, view] : set.views(optimiser.second_moment)) tensors.emplace_back(prefix + "/v/" + name, view);
    counters.emplace_back(prefix + "/steps", &optimiser.steps);
}

bool fingerprint_matches(const data::Checkpoint& checkpoint, const std::string& fingerprint) {
    const data::Json* found = checkpoint.meta.find("fingerprint");
    return fingerprint.empty() || (found && found->as_string() == fingerprint);
}

int64_t load_state(TrainableModel& model, const std::string& folder, const std::string& fingerprint,
                   const std::function<void(const std::string&)>& warn) {
    if (folder.empty()) return -1;
    auto checkpoint = data::load_checkpoint(folder);
    if (!checkpoint) return -1;
    for (const std::string& warning : checkpoint->warnings)
        if (warn) warn(warning);
    if (!fingerprint_matches(*checkpoint, fingerprint))
        fail(ErrorKind::usage, checkpoint->path, ": made with other settings or data");
    TrainingState state = model.state();
    auto array = [&](const std::string& name) -> const data::NpyArray& {
        const auto it = checkpoint->arrays.find(name);
        if (it == checkpoint->arrays.end()) fail(ErrorKind::data, checkpoint->path, ": array '", name, "' is missing");
        return it->second;
    };
    for (auto& [name, tensor] : state.tensors) load_tensor(tensor, array(name), checkpoint->path + ": " + name);
    for (auto& [name, counter] : state.counters) *counter = array(name).to<int64_t>(name)[0];
    return checkpoint->step;
}

bool train(TrainableModel& model, const TrainingPlan& plan, const TrainingObserver& observer) {
    ThreadPool alone(1);
    return train(alone, {{model, plan, observer}});
}

bool train(ThreadPool& threads, const std::vector<Training>& trainings) {
    std::vector<Loop> loops;
    for (const Training& training : trainings) loops.emplace_back(training);
    std::mutex observer_mutex;
    threads.run(ssize(loops), [&](int64_t i) { nth(loops, i).run(observer_mutex); });
    for (Loop& loop : loops) loop.rethrow();
    return std::all_of(loops.begin(), loops.end(), [](const Loop& loop) { return loop.complete(); });
}

}  // namespace astro::method
