#include "apps/selftest/device_checks.h"

#include <cmath>
#include <map>

#include "astro/temporal_distance.h"
#include "tensor/check/backend_cases.h"

namespace astro::app {

namespace {

constexpr double kTolerance = 1e-4, kSampled = 1e-3;  // relative; kSampled for samplers, which have several steps

using Values = std::vector<double>;

std::vector<Values> all_tensors(TrainableModel& model) {
    std::vector<Values> all;
    for (auto& [name, tensor] : model.state().tensors) all.push_back(tensor.cast(DType::f64).to_vector<double>());
    return all;
}

// Adam's first moments, which are (1 - beta1) times the gradient after one step. They are compared for each optimiser
// separately, because errors of small gradients would be invisible in the norm of all.
std::map<std::string, Values> first_moments(TrainableModel& model) {
    std::map<std::string, Values> all;
    for (auto& [name, tensor] : model.state().tensors) {
        const size_t at = name.find("/m/");
        if (at == std::string::npos) continue;
        const auto values = tensor.cast(DType::f64).to_vector<double>();
        Values& moments = all[name.substr(0, at)];
        moments.insert(moments.end(), values.begin(), values.end());
    }
    return all;
}

struct Outcome {
    Metrics figures;
    std::map<std::string, Values> moments;
};

// Results of update k, starting from random weights.
Outcome update_once(TrainableModel& model, int64_t k) {
    randomise(model);
    model.update(k);
    Outcome outcome;
    outcome.figures = model.metrics();
    outcome.moments = first_moments(model);
    return outcome;
}

void differ(DeviceReport& report, const std::string& message) {
    if (report.ok) report.message = message;
    report.ok = false;
}

void compare(DeviceReport& report, const SmallNetwork& network, const std::string& what, const Outcome& got,
             const Outcome& want) {
    if (got.figures.size() != want.figures.size())
        return differ(report, what + ": the metrics are not those of the CPU");
    for (size_t i = 0; i < want.figures.size(); ++i) {
        const double difference = relative_difference({got.figures[i].second}, {want.figures[i].second});
        report.figure = std::max(report.figure, difference);
        if (!(difference <= kTolerance))
            differ(report, text(what, ": ", want.figures[i].first, " is ", got.figures[i].second, ", on the CPU ",
                                want.figures[i].second));
    }
    for (const auto& [optimiser, moments] : want.moments) {
        const double difference = relative_difference(got.moments.at(optimiser), moments);
        report.gradient = std::max(report.gradient, difference);
        if (!(difference <= kTolerance))
            differ(report, text(what, ": the gradient of ", optimiser, " is off by ", difference, " of its norm"));
        const bool learns = moments != Values(moments.size(), 0);
        if (!learns && !network.idle.count(optimiser)) differ(report, "the gradient of " + optimiser + " is zero");
    }
}

DeviceReport check_network(const CheckedDevices& devices, const SmallNetwork& network) {
    ThreadPool one(1);
    const auto on_cpu = network.make({devices.cpu, one, 2}), on_device = network.make({devices.device, one, 2}),
               plain = network.make({devices.plain, one, 2});
    DeviceReport report;
    constexpr int64_t kUpdate = 1;  // an update in which TD3+BC also updates the actor
    const Outcome want = update_once(*on_cpu, kUpdate);
    compare(report, network, "a step", update_once(*on_device, kUpdate), want);
    on_device->update(kUpdate);  // this step is recorded
    on_device->metrics();
    if (devices.device.allocator().stats().reserved == 0) differ(report, "no step was recorded");
    compare(report, network, "a replayed step", update_once(*on_device, kUpdate), want);
    randomise(*on_device);
    randomise(*plain);
    for (int64_t k = 0; k < 4; ++k) {
        on_device->update(k);
        plain->update(k);
        if (on_device->metrics() != plain->metrics())
            differ(report, text("a replay reports other metrics in step ", k));
    }
    if (all_tensors(*on_device) != all_tensors(*plain)) differ(report, "replayed steps give other parameters");
    return report;
}

// Compares the bridges of the guided sampler.
DeviceReport check_sampler(const CheckedDevices& devices, const SmallWorld& world, DynamicsForm form) {
    PlannerConfig config = world.config.planner;
    config.sampling.guidance_steps = 1;
    std::vector<StitchEnds> ends;
    for (int64_t i = 0; i < 2; ++i) {
        ends.push_back(recorded_ends(world.data, 60 * i, world.data, 60 * i + 30, config.context));
        ends.back().steps = 5;
    }
    auto sample = [&](Backend& backend) {
        ThreadPool one(1);
        const auto planner = make_small_planner({backend, one, 2}, world, form, config);
        randomise(*planner);
        Values states;
        for (const auto& bridges : planner->sample(ends, config.gap, 2, {Rng(1), Rng(2)}))
            for (const Bridge& bridge : bridges)
                states.insert(states.end(), bridge.states.begin(), bridge.states.end());
        return states;
    };
    DeviceReport report;
    report.figure = relative_difference(sample(devices.device), sample(devices.cpu));
    if (!(report.figure <= kSampled))
        differ(report, text("bridges are off by ", report.figure, " of their states' norm"));
    return report;
}

// Compares the embedding of the temporal distance.
DeviceReport check_embedding(const CheckedDevices& devices, const SmallWorld& world) {
    auto embed = [&](Backend& backend) {
        ThreadPool one(1);
        TemporalDistance tdr({backend, one, 2}, world.config.tdr, .99, world.trajectories, 0);
        randomise(tdr);
        const auto latent = tdr.embed(world.data.observations.data(), 40);
        return Values(latent.begin(), latent.end());
    };
    DeviceReport report;
    report.figure = relative_difference(embed(devices.device), embed(devices.cpu));
    if (!(report.figure <= kTolerance)) differ(report, text("states are off by ", report.figure, " of their norm"));
    return report;
}

}  // namespace

std::vector<DeviceCheck> device_checks() {
    static const SmallWorld world;
    std::vector<DeviceCheck> checks;
    for (const SmallNetwork& network : small_networks(world))
        checks.push_back(
            {network.name, [network](const CheckedDevices& devices) { return check_network(devices, network); }});
    checks.push_back({"tdr, embedding", [](const CheckedDevices& devices) { return check_embedding(devices, world); }});
    for (DynamicsForm form : {DynamicsForm::one_pass, DynamicsForm::sampled})
        checks.push_back({std::string("sampler, ") + (form == DynamicsForm::one_pass ? "one pass" : "sampled"),
                          [form](const CheckedDevices& devices) { return check_sampler(devices, world, form); }});
    return checks;
}

}  // namespace astro::app
