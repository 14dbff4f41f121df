// The table of environments, look-up by name, and functions that all environments share.
#include "data/environments/environments.h"

#include <algorithm>
#include <cmath>

#include "data/dataset_name.h"
#include "data/environment_match.h"
#include "tensor/base/defined_elsewhere.h"
#include "tensor/base/error.h"
#include "tensor/base/nearest_name.h"
#include "tensor/base/rows.h"

namespace astro::data {

// The table of families.
static const std::vector<EnvironmentFamily*>& families() {
    static const std::vector<EnvironmentFamily*> all = {ASTRO_DEFINED_ELSEWHERE(EnvironmentFamily, make_point_mazes),
                                                        ASTRO_DEFINED_ELSEWHERE(EnvironmentFamily, make_maze2d),
                                                        ASTRO_DEFINED_ELSEWHERE(EnvironmentFamily, make_cart)};
    return all;
}

std::vector<Episode> draw_each(const std::vector<int64_t>& tasks, int64_t each, uint64_t seed,
                               const std::function<Episode(int64_t number, Rng& rng)>& make) {
    const Rng evaluation = Rng(seed).stream("evaluation");
    std::vector<Episode> episodes;
    for (int64_t number : tasks)
        for (int64_t e = 0; e < each; ++e) {
            Rng rng = evaluation.stream(static_cast<uint64_t>(number)).stream(static_cast<uint64_t>(e));
            episodes.push_back(make(number, rng));
        }
    return episodes;
}

namespace {

const Environments& environments() {
    static const Environments all = [] {
        Environments made;
        for (EnvironmentFamily* make : families())
            for (std::unique_ptr<Environment>& one : make()) made.push_back(std::move(one));
        return made;
    }();
    return all;
}

Environments& added() {
    static Environments all;
    return all;
}

}  // namespace

AddedEnvironment::AddedEnvironment(std::unique_ptr<Environment> environment) : added_(environment.get()) {
    added().push_back(std::move(environment));
}

AddedEnvironment::~AddedEnvironment() {
    Environments& all = added();
    all.erase(std::find_if(all.begin(), all.end(), [this](const auto& one) { return one.get() == added_; }));
}

double Environment::distance(const double* state, const double* goal) const {
    double length = 0;
    if (spec_.position.empty())
        for (int64_t i = 0; i < spec_.state_dim; ++i) length = std::hypot(length, state[i] - goal[i]);
    for (int64_t i : spec_.position) length = std::hypot(length, state[i] - goal[i]);
    return length;
}

const Environment* find_environment(std::string_view name) {
    for (const std::unique_ptr<Environment>& one : added())
        if (one->has_name(name)) return one.get();
    for (const std::unique_ptr<Environment>& one : environments())
        if (one->has_name(name)) return one.get();
    return nullptr;
}

const EnvironmentSpec& defaults_for(std::string_view name) {
    static const EnvironmentSpec none;
    if (const Environment* found = find_environment(name)) return found->spec();
    for (const std::unique_ptr<Environment>& one : environments())
        if (one->resembles(name)) return one->spec();
    return none;
}

std::vector<std::string> environment_names() {
    std::vector<std::string> names;
    for (const std::unique_ptr<Environment>& one : environments()) names.push_back(one->spec().name);
    return names;
}

const std::string& default_environment() { return environments().front()->spec().name; }

// Whether a name is that of an environment of OGBench that is not built in. examples/ogbench serves all of them.
static bool needs_ogbench(const std::string& name) {
    for (const char* family : {"antmaze-", "antsoccer-", "humanoidmaze-", "cube-", "scene-", "puzzle-"})
        if (name.rfind(family, 0) == 0) return true;
    return false;
}

const Environment& require_environment(std::string_view name, const std::string& message, bool built_in) {
    if (const Environment* found = find_environment(name)) return *found;
    std::string known;
    for (const std::string& one : environment_names()) known += (known.empty() ? "" : ", ") + one;
    const std::string wanted(name);
    if (!built_in && needs_ogbench(wanted))
        fail(ErrorKind::usage, message,
             "; hint: OGBench serves it, after make deps-ogbench: --env "
             "\"exec:build/ogbench-venv/bin/python examples/ogbench/environment.py ",
             environment_part(wanted), "\"");
    const std::string nearest = nearest_name(wanted, environment_names());
    fail(ErrorKind::usage, message, nearest.empty() ? "" : " (did you mean " + nearest + "?)",
         "; hint: ", built_in ? "" : "--env exec:COMMAND starts a simulator of your own; ",
         "built-in environments are ", known);
}

void check_dimensions(const Environment& environment, const Dataset& dataset, const std::string& source) {
    const EnvironmentSpec& spec = environment.spec();
    if (dataset.state_dim == spec.state_dim && dataset.action_dim == spec.action_dim) return;
    fail(ErrorKind::data, source, ": states and actions have ", dataset.state_dim, " and ", dataset.action_dim,
         " columns, those of ", spec.name, " have ", spec.state_dim, " and ", spec.action_dim, kOtherEnvironment);
}

void simulator_state(const EnvironmentSpec& spec, const Dataset& d, int64_t row, double* state) {
    const int64_t positions = spec.qpos_columns, velocities = d.state_dim - positions;
    for (int64_t i = 0; i < d.state_dim; ++i) state[i] = d.state(row, i);
    const auto has = [&](const std::vector<float>& values, int64_t columns) {
        return ssize(values) == d.rows * columns;
    };
    const bool stored = positions > 0 && has(d.qpos, positions) && (velocities == 0 || has(d.qvel, velocities));
    if (!stored) return;
    std::copy_n(d.qpos.data() + row * positions, positions, state);
    if (velocities > 0) std::copy_n(d.qvel.data() + row * velocities, velocities, state + positions);
}

double normalised_score(const EnvironmentSpec& spec, double sum_of_rewards) {
    return 100 * (sum_of_rewards - spec.random_return) / (spec.expert_return - spec.random_return);
}

std::string dataset_name(const Environment& environment, const std::string& type) {
    const EnvironmentSpec& spec = environment.spec();
    if (spec.data_type.empty()) return spec.name;
    const size_t version = spec.name.rfind("-v");
    return spec.name.substr(0, version) + "-" + (type == "auto" ? spec.data_type : type) + spec.name.substr(version);
}

}  // namespace astro::data
