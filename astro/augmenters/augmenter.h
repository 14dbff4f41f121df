// What all augmenters share: models to train and a second data set to make, and the way they are found. A new augmenter
// is one file and one row in augmenters.cpp.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "astro/pipeline.h"

namespace astro::method::augmenters {

// Calls of a making that takes minutes; both may be empty.
struct Progress {
    std::function<void(int64_t rows)> made;  // rows so far
    std::function<bool()> interrupted;       // asked now and then: true ends the making with Error(interrupted)
};

class Augmenter {
  public:
    virtual ~Augmenter() = default;

    // Calls visit(model, fingerprint) for each model that make() needs, in the order of training. A model is built when
    // it is visited, by when those before it are trained. fingerprint: what the model's result depends on.
    using Visit = std::function<void(TrainableModel& model, const std::string& fingerprint)>;
    virtual void each_model(const Visit&) {}

    // A data set of `rows` rows or a little more (episodes are kept whole), indexed by episode, in the units of the
    // recorded file (Pipeline::recorded, Pipeline::units); policies learn from it
    // in place of the real rows or mixed with them. Needs the models trained. The same bits for the same seed, whatever
    // the number of threads. Throws Error(data) where the data do not allow it.
    virtual data::Dataset make(int64_t rows, const Progress& progress) = 0;
};

// pipeline: the data, the settings and the stages, which an augmenter may share. qpos_columns: of
// EnvironmentSpec; not 0: what is made carries qpos and qvel, for replays and single-task labels.
using Factory = std::unique_ptr<Augmenter>(Pipeline& pipeline, int64_t qpos_columns);

// One row of the table: an arm of an experiment.
struct Row {
    std::string arm;                    // its name in settings, stages (so in random streams) and figures
    std::string method;                 // the augmenter's own name; empty where there is none
    std::string label;                  // its words in tables and reports
    std::vector<std::string> sections;  // of the settings, beside those of the pipeline's stages
    Factory* make;                      // null: no second data set, the policy learns from the real rows alone
    bool by_default = false;            // `astro run` compares it unless told otherwise
    bool kept = false;                  // made by `astro augment` and kept in augmented.npz; the others are made when
                                        // needed, each with as many rows as that file
};

// The row of an arm; Error(usage) for an unknown one.
const Row& row_of(const std::string& arm);
bool is_arm(const std::string& arm);

// The augmenter of an arm that has one.
std::unique_ptr<Augmenter> make_augmenter(const std::string& arm, Pipeline& pipeline, int64_t qpos_columns);

// A row beside the table's while this object lives: for a program that brings an augmenter of its own. Made before
// settings are read and before threads start. Error(usage) where the arm's name is taken.
class AddedRow {
  public:
    explicit AddedRow(Row row);
    ~AddedRow();
    AddedRow(const AddedRow&) = delete;
    AddedRow& operator=(const AddedRow&) = delete;

  private:
    std::string arm_;
};

// Factories of the rows of the table, one in each augmenter's file.
Factory make_duplicate, make_stitch;

}  // namespace astro::method::augmenters
