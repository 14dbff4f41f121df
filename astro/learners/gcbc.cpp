// GCBC: goal-conditioned behaviour cloning. loss = mean |pi(s, g) - a|^2, g uniform over the rest of s's trajectory
// (OGBench, impls/agents/gcbc.py, with a constant standard deviation; the network: ours, docs/method.md 10.3). With
// goals that are relabelled by the rule weighted, loss = mean w |pi(s, g) - a|^2 (10.7).
#include "astro/learners/gcbc.h"

namespace astro::method::learners {

// mean (pi(s, g) - a)^2
Tensor cloning_loss(const nn::Chunk& chunk, const Tensor& pi, const Tensor& a) { return chunk.mean(square(pi - a)); }

// mean w (pi(s, g) - a)^2
Tensor cloning_loss(const nn::Chunk& chunk, const Tensor& pi, const Tensor& a, const Tensor& weight) {
    return weight.defined() ? chunk.mean(square(pi - a) * weight) : cloning_loss(chunk, pi, a);
}

namespace {

class Gcbc : public Learner {
    double rate(int64_t k) const {
        return nn::cosine_rate(k, updates_, 0, config_.learning_rate, config_.learning_rate_end);
    }

  public:
    void update(int64_t k) override {
        Update u = begin(k, "", config_.batch, stream(k), rate(k), {&optimiser_}, BatchSampler::Contents::actor);
        u.step.run([&] {
            u.train(actor_set_, optimiser_, {"loss"}, [&](const nn::Chunk& c, const Batch& rows) {
                return cloning_loss(c, actor_(rows.input), rows.action, rows.weight);
            });
        });
    }

    Gcbc(const Context& context, const Config& config, const std::string& environment, const LearningData& data,
         const std::string& stage);
    int64_t updates() const override { return updates_; }

    TrainingState state() override {
        TrainingState state;
        state.add("model", actor_set_);
        state.add("optimiser", actor_set_, optimiser_);
        return state;
    }

  private:
    GcbcConfig config_;
    int64_t updates_;
    nn::Adam optimiser_;
};

Gcbc::Gcbc(const Context& context, const Config& config, const std::string& environment, const LearningData& data,
           const std::string& stage)
    : Learner(context, data, 1, 0, stage, static_cast<uint64_t>(config.general.seed)),
      config_(config.gcbc),
      updates_(resolve_gcbc_updates(config, environment)) {
    Rng rng = init_stream();
    nn::Maker make{context.backend, DType::f32, rng};
    nn::MlpSpec spec;
    spec.in = sampler_.input_width(), spec.out = sampler_.action_dim();
    spec.width = config_.width, spec.layers = config_.layers, spec.output_scale = config_.last_layer_scale;
    actor_.actions = spec.out;
    actor_.net = nn::make_mlp(make, spec, sampler_.spread(1024, false, rng.stream("spread")));
    actor_set_ = nn::ParameterSet(actor_);
    optimiser_ = nn::Adam(actor_set_);
}

}  // namespace

std::unique_ptr<Learner> make_gcbc(const Context& context, const Config& config, const std::string& environment,
                                   const LearningData& data, const std::string& stage) {
    return std::make_unique<Gcbc>(context, config, environment, data, stage);
}

}  // namespace astro::method::learners
