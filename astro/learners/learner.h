// The base class of learners, their policy network and their factory functions. A new learner is one file and one row
// in learners.cpp; tests/test_added_learner.cpp contains a small example.
#pragma once

#include <functional>
#include <memory>

#include "astro/learners/actor.h"
#include "astro/learners/batch.h"
#include "astro/named_table.h"

namespace astro::method::learners {

// One update of a learner: its batch, and the step that trains on it (nn/step.h).
using RowsFunction = std::function<Tensor(const nn::Chunk&, const Batch& rows)>;
struct Update {
    nn::Step step;
    Batch batch;
    nn::Cut cut;
    Tensor target_rate;  // f64 (1), of learners with target networks
    Rng rng;             // the random stream of this update

    // States of the random stream `name`, one row per chunk; an input of the step. See nn::Chunk::normal.
    Tensor streams(const std::string& name) { return cut.streams(step, rng.stream(name)); }
    // f as a function of the chunk alone.
    nn::ChunkLoss of_rows(const RowsFunction& f) const {
        return [this, &f](const nn::Chunk& c) { return f(c, c.rows(batch)); };
    }
    // For the body of an update. f of every row of the batch, without gradient: (B, ...).
    Tensor map(const RowsFunction& f) const { return cut.map(of_rows(f)); }
    // For the body of an update. One step of the optimiser on the loss, a function of a chunk and its rows.
    void train(nn::ParameterSet& parameters, nn::Adam& optimiser, const nn::Report& report, const RowsFunction& loss) {
        nn::train_step(step, cut, parameters, optimiser, report, of_rows(loss));
    }
};

class Learner : public TrainableModel {
  public:
    Learner(const Context& context, const LearningData& data, double current_goals, double trajectory_goals,
            std::string name, uint64_t seed)
        : TrainableModel(context),
          sampler_(data, current_goals, trajectory_goals),
          name_(std::move(name)),
          seed_(seed) {}

    std::string name() const override { return name_; }

    // Actions in [-1, 1] for states and goals (n, state_dim), all in the method's units. Single-task policies ignore
    // goals. Rows are computed independently of one another, in pieces of fixed size.
    std::vector<float> act(const std::vector<float>& states, const std::vector<float>& goals) const;

    const Actor& actor() const { return actor_; }
    // Of a hierarchical policy, else null.
    const HighActor* high_actor() const { return high_.actor.net.layers.empty() ? nullptr : &high_; }
    bool takes_goals() const { return sampler_.goals(); }

  protected:
    // Actions before the final clamp, (B, input_width) -> (B, A).
    Tensor policy(const Tensor& input) const {
        return high_actor() ? hierarchical_action(high_, actor_, input) : actor_(input);
    }

    // Begins update k: draws a batch of `rows` rows from the stream `rng`, and prepares the optimisers with this rate.
    // kind: see nn::Steps.
    Update begin(int64_t k, const std::string& kind, int64_t rows, const Rng& rng, double rate,
                 const std::vector<nn::Adam*>& optimisers,
                 BatchSampler::Contents contents = BatchSampler::Contents::actor_and_critics);

    Rng stream(int64_t k) const { return Rng(seed_).stream(name_).stream(static_cast<uint64_t>(k)); }
    Rng init_stream() const { return Rng(seed_).stream(name_ + "/init"); }

    BatchSampler sampler_;
    std::string name_;
    uint64_t seed_;
    Actor actor_;
    HighActor high_;  // without layers, unless the policy is hierarchical
    nn::ParameterSet actor_set_, high_set_;
};

// learner: a name in the table. stage: the name of the model, which is part of its random streams.
std::unique_ptr<Learner> make_learner(const std::string& learner, const Context& context, const Config& config,
                                      const std::string& environment, const LearningData& data,
                                      const std::string& stage);

using Factory = std::unique_ptr<Learner>(const Context& context, const Config& config, const std::string& environment,
                                         const LearningData& data, const std::string& stage);

// A row of the table in learners.cpp.
struct Row {
    std::string name;                   // name in settings, stages (hence random streams) and results
    std::vector<std::string> sections;  // of the settings that it reads, in addition to [policy]
    Factory* make;
    bool single_task = true;  // whether it can learn one fixed task
    bool weighted = false;    // whether its actor's loss uses Batch::weight
};

// Adds a row to the table during the lifetime of this object, for programs with their own learners.
class AddedRow : NamedTable<Row>::Added {
  public:
    explicit AddedRow(Row row);
};

}  // namespace astro::method::learners
