// What the chapters of the course (docs/course) share: the run folder, the figures and numbers that they make, and the
// cart in the units of its world.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "apps/method_names.h"
#include "apps/run/policies.h"
#include "apps/run/stage_runner.h"
#include "data/json.h"
#include "examples/course/drawing.h"

namespace course {

using namespace astro;
using namespace astro::method;

constexpr double kMiddle = 19, kDoorLeft = 18, kDoorRight = 20;  // x of the door

struct Course {
    app::StageRunner& runner;
    Pipeline& pipeline;
    const data::Environment& environment;
    data::Json& numbers;           // by key "CHAPTER/name"
    std::string folder;            // to which figures are written
    std::vector<bool> right = {};  // of each training row: whether its episode is of the right room

    const data::WorldPicture& world() const { return *environment.picture(); }
    const Config& config() const { return pipeline.config(); }
    Context context() const { return pipeline.context(); }
    void save(const std::string& name, const Drawing& drawing) const;  // FOLDER/figures/NAME.svg
    double result(const std::string& key) const;                       // of the run's results.json

    // States in the units of the world (n, 4), as the networks read them, and back.
    std::vector<float> inward(const std::vector<double>& states) const;
    std::vector<double> outward(const std::vector<float>& states) const;
    // A trained policy of the run.
    std::unique_ptr<learners::Learner> policy(const std::string& arm, const std::string& learner) const;
    // The states (steps + 1, 4), in the units of the world, that the exact simulator reaches from a state under actions
    // in the method's units.
    std::vector<double> drive(const std::vector<float>& state, const std::vector<float>& actions) const;
    // rms of the difference of two states, in sigma_delta.
    double apart(const float* a, const float* b) const;
};

// Positions of rows of states (n, 4).
template <class T>
std::vector<XY> positions(const std::vector<T>& states) {
    std::vector<XY> all;
    for (size_t i = 0; i + 3 < states.size(); i += 4) all.push_back({double(states[i]), double(states[i + 1])});
    return all;
}

// Distances between states of the world by one map of distances.
class Distances {
  public:
    Distances(const Course& course, const TemporalDistance& encoder, const TemporalMap& map)
        : course_(course), encoder_(encoder), map_(map) {}
    // From one state to others: n^, its calibrated value, and d_G.
    struct Result {
        std::vector<double> steps, calibrated, graph;
    };
    Result from(const std::vector<double>& state, const std::vector<double>& others) const;

  private:
    const Course& course_;
    const TemporalDistance& encoder_;
    const TemporalMap& map_;
};

void train(TrainableModel& model);

void chapter1(Course& course);
void chapter2(Course& course);
void chapter3(Course& course);
void chapter4(Course& course);
void chapter5(Course& course);
void chapter6(Course& course);
void chapter7(Course& course);
void chapter8(Course& course);

// The chapters in DOCS, with their figures, as one page that needs no other file.
void write_page(const std::string& docs, const std::string& figures, const std::string& out);

}  // namespace course
