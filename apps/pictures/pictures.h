// The arrays for the pictures of the report.
#pragma once

#include "apps/pictures/plane.h"

namespace astro::app {

// Writes pictures.npz (docs/formats.md): positions of both data sets, some chains, distances between places, and
// example bridges on their way from noise; with the picture of an environment also rollouts of the policies. Without
// one, positions are metrics.position, or the principal directions of the latents. augmented: null if the experiment
// has no such arm. What needs a TDR or a planner is left out if the experiment trains none.
void write_pictures(StageRunner& runner, const data::RecordedData* augmented);

// Its parts, each in a file of its own.
// Distances between places: points of the grid of the environment's picture, or recorded rows without one.
// environment: null if there is none. Needs a trained TDR.
void add_places(data::NpzWriter& npz, StageRunner& runner, const data::Environment* environment, const Plane& plane);
// Some chains, evenly distributed over the file, with what is known of their bridges.
void add_chains(data::NpzWriter& npz, StageRunner& runner, const data::Environment* environment, const Plane& plane,
                const data::RecordedData& augmented);
// Some bridges between held-out rows and training rows, with every plan on the way from noise: as the settings say,
// without feedback, and without guidance. Needs a trained planner.
void add_bridges(data::NpzWriter& npz, StageRunner& runner, const Plane& plane);

}  // namespace astro::app
