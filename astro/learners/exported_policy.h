// A trained policy in a separate file: the networks of its actors, and the units that convert raw observations to its
// inputs and its outputs to raw actions. docs/formats.md describes the file; examples/policy/ has readers for other
// programs.
#pragma once

#include <optional>

#include "astro/latent_inputs.h"
#include "astro/learners/learner.h"
#include "data/json.h"
#include "data/units.h"

namespace astro::method::learners {

// The TDR of a policy that sees latents (astro/latent_inputs.h): z = (net(s) - centre) / scale.
struct LatentEncoder {
    nn::Mlp net;
    Tensor centre;  // (L)
    double scale = 1;
};

struct ExportedPolicy {
    Actor actor;  // its last layer gives the actions and nothing else; float32 weights, held as float64
    std::optional<HighActor> high;  // of a hierarchical policy
    std::optional<LatentEncoder> encoder;
    bool goals = false;
    data::Units units;
    data::Json provenance;  // an object; where the policy comes from

    int64_t observation_dim() const { return units.states.columns(); }  // of a goal, too
    int64_t action_dim() const { return units.actions.columns(); }

    // Raw actions (n, action_dim) for raw observations and goals (n, observation_dim), row after row; goals are empty
    // if the policy takes none. Inputs are rounded to float32 as in evaluations. All else is computed in float64, so
    // that other programs get the same numbers. Error(data) "the observation ..." if a number is too large.
    std::vector<double> act(const std::vector<double>& observations, const std::vector<double>& goals) const;
};

// The policy is copied to `backend`, which may differ from the learner's.
// latents: the inputs of a policy that sees latents, else null.
ExportedPolicy export_policy(Backend& backend, const Learner& learner, const data::Units& units, data::Json provenance,
                             const LatentInputs* latents = nullptr);

void save_policy(const std::string& path, const ExportedPolicy& policy);
// Error(data) names file and array if an array is missing or has the wrong shape or contents.
ExportedPolicy load_policy(Backend& backend, const std::string& path);

}  // namespace astro::method::learners
