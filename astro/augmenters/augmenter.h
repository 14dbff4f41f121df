// The interface of all augmenters: what they train and the second data set that they make; and the table of arms. A new
// augmenter is one file and one row in augmenters.cpp.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "astro/named_table.h"
#include "astro/pipeline.h"

namespace astro::method {
struct Augmentation;  // astro/chains.h
}

namespace astro::method::augmenters {

// Callback of make(), which can take minutes; may be empty.
struct Progress {
    std::function<void(int64_t rows)> made;  // rows so far
};

class Augmenter {
  public:
    virtual ~Augmenter() = default;

    // Calls visit(model, fingerprint) for each model of its own that make() needs, in the order of training. The models
    // of the pipeline that it needs are named in its row and trained before. A model is constructed when it is visited;
    // the earlier ones are trained by then. fingerprint: identifies all that the model's result depends on.
    using Visit = std::function<void(TrainableModel& model, const std::string& fingerprint)>;
    virtual void each_model(const Visit&) {}

    // Makes a data set of at least `rows` rows; episodes are kept whole, so there may be a few more. It is indexed by
    // episode and in the units of the recorded file (Pipeline::recorded, Pipeline::units). Policies are trained on it
    // instead of the real rows, or on a mixture. All models must be trained. The result is the same, bit for bit, for
    // the same seed and any number of threads. Throws Error(data) if the data do not allow it.
    virtual data::Dataset make(int64_t rows, const Progress& progress) = 0;

    // The bridges that make() has tried, accepted or not, including partial results during Progress::made. Null if it
    // plans no bridges. They are measured in addition to the data set.
    virtual const Augmentation* attempts() const { return nullptr; }
};

// pipeline: the data, the settings and the stages, which an augmenter may share. qpos_columns: of EnvironmentSpec; if
// not 0, the new data set has qpos and qvel, for replays and single-task labels.
using Factory = std::unique_ptr<Augmenter>(Pipeline& pipeline, int64_t qpos_columns);

// One row of the table: an arm of an experiment.
struct Row {
    std::string arm;                    // name in settings, stages (hence random streams) and results
    std::string label;                  // description in tables and reports
    std::vector<std::string> sections;  // of the settings, in addition to those of the pipeline's stages
    std::vector<std::string> stages;    // of the pipeline whose models make() needs (Pipeline::models), in order
    Factory* make;                      // null: no second data set; the policy is trained on the real rows only
    bool by_default = false;            // whether `astro run` compares it by default
    bool relabels = false;              // whether goals of the actor are relabelled (astro/goal_relabelling.h)
    bool kept = false;                  // made by `astro augment` and kept in augmented.npz; others are made when
                                        // needed, each with as many rows as that file, if there is one
};

// The row of an arm; Error(usage) if it is unknown.
const Row& row_of(const std::string& arm);
const Row& kept_row();  // the first row that is kept
bool is_arm(const std::string& arm);

// The augmenter of an arm that has one.
std::unique_ptr<Augmenter> make_augmenter(const std::string& arm, Pipeline& pipeline, int64_t qpos_columns);

// Adds a row to the table during the lifetime of this object, for programs with their own augmenters.
class AddedRow : NamedTable<Row>::Added {
  public:
    explicit AddedRow(Row row);
};

}  // namespace astro::method::augmenters
