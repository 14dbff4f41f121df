// Pairs of rows on either side of the door, and planners with other settings of sampling.
#pragma once

#include "examples/course/course.h"

namespace course {

// The ends of a bridge between two training rows. The cut has l - 1 rows of its episode before it.
StitchEnds ends_between(const Course& c, int64_t cut, int64_t target);

// Ends of at most `most` bridges through the door, from rows of left episodes to rows of right ones, as augmentation
// finds them: the targets of rows that travel near the door.
std::vector<StitchEnds> door_ends(const Course& c, int64_t most);

// The noise from which plans are denoised: the same in all chapters.
std::vector<Rng> noise_of(const Course& c, size_t count);

// The run's planner, with other settings of sampling and feedback.
std::unique_ptr<Planner> planner_of(const Course& c, const PlannerConfig& config);

// The part of the world around two paths.
data::WorldPicture::Rectangle around_door(const std::vector<XY>& before, const std::vector<XY>& after);

}  // namespace course
