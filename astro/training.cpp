#include "astro/training.h"

#include <cmath>

#include "data/checkpoint.h"

namespace astro {

namespace {

data::NpyArray to_array(const Tensor& tensor) {
    std::vector<int64_t> shape;
    for (int i = 0; i < tensor.rank(); ++i) shape.push_back(tensor.dim(i));
    if (tensor.dtype() == DType::f64) return data::NpyArray::from(shape, tensor.to_vector<double>());
    return data::NpyArray::from(shape, tensor.to_vector<float>());
}

void save_state(Trainee& trainee, const TrainingPlan& plan, int64_t step) {
    data::NamedArrays arrays;
    TrainingState state = trainee.state();
    for (const auto& [name, tensor] : state.tensors) arrays[name] = to_array(tensor);
    for (const auto& [name, counter] : state.counters)
        arrays[name] = data::NpyArray::from({}, std::vector<int64_t>{*counter});
    data::Json meta = data::Json::object();
    meta["format"] = "astro checkpoint 1";
    meta["stage"] = trainee.name();
    meta["step"] = step;
    meta["fingerprint"] = plan.fingerprint;
    data::save_checkpoint(plan.folder, step, arrays, meta, static_cast<int>(plan.keep));
}

void load_tensor(Tensor& tensor, const data::NpyArray& array, const std::string& where) {
    std::vector<int64_t> shape;
    for (int i = 0; i < tensor.rank(); ++i) shape.push_back(tensor.dim(i));
    if (array.shape != shape)
        fail(ErrorKind::data, where, ": expected shape ", data::shape_text(shape), ", found ",
             data::shape_text(array.shape), "; hint: the run was made with other settings");
    if (tensor.dtype() == DType::f64)
        tensor.assign(Tensor::from(tensor.backend(), tensor.shape(), array.to<double>(where)));
    else
        tensor.assign(Tensor::from(tensor.backend(), tensor.shape(), array.to<float>(where)));
}

// Update k once more, to learn which op failed first.
[[noreturn]] void explain(Trainee& trainee, int64_t k, const std::string& symptom) {
    std::string cause, detail;
    try {
        const FiniteCheck on;
        trainee.update(k);
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::numeric && !error.detail().empty())
            cause = text("; first, ", error.what()), detail = error.detail();
    }
    throw Error(ErrorKind::numeric,
                text(trainee.name(), ", update ", k + 1, ": ", symptom, cause, "; the last checkpoint is kept"),
                detail);
}

Figures checked_update(Trainee& trainee, int64_t k) {
    Figures figures;
    try {
        figures = trainee.update(k);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::numeric) throw;
        explain(trainee, k, error.what());
    }
    for (const auto& [key, value] : figures)
        if (!std::isfinite(value)) explain(trainee, k, text(key, " is ", value, "; hint: a lower learning rate"));
    return figures;
}

}  // namespace

void TrainingState::add(const std::string& prefix, const nn::ParameterSet& set) {
    for (auto& [name, view] : set.views(set.flat())) tensors.emplace_back(prefix + "/" + name, view);
}

void TrainingState::add(const std::string& prefix, const nn::ParameterSet& set, nn::Adam& optimiser) {
    for (auto& [name, view] : set.views(optimiser.first_moment)) tensors.emplace_back(prefix + "/m/" + name, view);
    for (auto& [name, view] : set.views(optimiser.second_moment)) tensors.emplace_back(prefix + "/v/" + name, view);
    counters.emplace_back(prefix + "/steps", &optimiser.steps);
}

int64_t load_state(Trainee& trainee, const std::string& folder, const std::string& fingerprint,
                   const std::function<void(const std::string&)>& warn) {
    if (folder.empty()) return -1;
    auto checkpoint = data::load_checkpoint(folder);
    if (!checkpoint) return -1;
    for (const std::string& warning : checkpoint->warnings)
        if (warn) warn(warning);
    const data::Json* found = checkpoint->meta.find("fingerprint");
    if (!fingerprint.empty() && (!found || found->as_string() != fingerprint))
        fail(ErrorKind::usage, checkpoint->path,
             ": made with other settings or data; hint: use another --run folder, or repeat the settings it was made "
             "with");
    TrainingState state = trainee.state();
    auto array = [&](const std::string& name) -> const data::NpyArray& {
        const auto it = checkpoint->arrays.find(name);
        if (it == checkpoint->arrays.end()) fail(ErrorKind::data, checkpoint->path, ": array '", name, "' is missing");
        return it->second;
    };
    for (auto& [name, tensor] : state.tensors) load_tensor(tensor, array(name), checkpoint->path + ": " + name);
    for (auto& [name, counter] : state.counters) *counter = array(name).to<int64_t>(name)[0];
    return checkpoint->step;
}

bool train(Trainee& trainee, const TrainingPlan& plan, const TrainingObserver& observer) {
    const int64_t total = trainee.updates();
    int64_t step = 0;
    if (plan.resume) step = std::max<int64_t>(0, load_state(trainee, plan.folder, plan.fingerprint, observer.warn));
    if (observer.resumed) observer.resumed(step);
    const int64_t end = plan.stop_after >= 0 ? std::min(total, plan.stop_after) : total;
    int64_t saved = step > 0 ? step : -1;
    auto save = [&] {
        if (!plan.folder.empty() && saved != step) save_state(trainee, plan, step);
        saved = step;
    };
    while (step < end) {
        const Figures figures = checked_update(trainee, step);
        ++step;
        if (observer.progress) observer.progress(step, total, figures);
        if (observer.metrics && (step % plan.metrics_every == 0 || step == total)) observer.metrics(step, figures);
        if (observer.after_update) observer.after_update(step);
        if (step % plan.checkpoint_every == 0) save();
        if (observer.interrupted && observer.interrupted()) {
            save();
            return false;
        }
    }
    save();
    return step >= total;
}

}  // namespace astro
