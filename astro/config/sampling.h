// Settings of how bridges are sampled by a trained planner (see astro/config/config.h).
#pragma once

#include <cstdint>

#include "astro/config/field.h"

namespace astro::method {

enum class DescentRule { spectral, adam };

struct SamplingConfig {
    double start_level = 1, temperature = 1;
    DescentRule descent = DescentRule::spectral;
    int64_t guidance_steps = 0, final_guidance_steps = 10, probe_steps = 15;
    double guidance_move = .3;
    bool guidance_ensemble = false;

    template <class V>
    void visit(V& v) {
        v("start_level", start_level,
          "noise level at which denoising starts, as a share of planner.diffusion_steps; 1: from noise; less: from the "
          "source's own actions with noise; 0: from these actions, without denoising",
          Source::ours, between(0, 1));
        v("temperature", temperature, "factor of the initial noise", Source::ours, between(0, 10));
        v("descent", descent, "rule of guidance: a spectral projected gradient, or Adam", Source::ours,
          one_of({"spectral", "adam"}));
        v("guidance_steps", guidance_steps, "descent steps on the seam's deviation in each denoising step; 0: off",
          Source::ours, between(0, 1000));
        v("final_guidance_steps", final_guidance_steps,
          "descent steps on the seam's deviation after the last denoising step; 0: off", Source::ours,
          between(0, 10000));
        v("probe_steps", probe_steps,
          "the same for plans that choose between targets (selection.probes); at most final_guidance_steps",
          Source::ours, between(0, 10000));
        v("guidance_move", guidance_move,
          "bound on the change of scaled actions in a descent step: of its root mean square (spectral), or of each "
          "action (adam)",
          Source::ours, between(0, 2));
        v("guidance_ensemble", guidance_ensemble,
          "guidance reduces the mean over all networks of dynamics.ensemble, not the first one's deviation",
          Source::ours, anything());
    }
};

}  // namespace astro::method
