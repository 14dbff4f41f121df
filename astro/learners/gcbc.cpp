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

CloningLearner::CloningLearner(const Context& context, const Config& config, const std::string& environment,
                               const LearningData& data, const std::string& stage)
    : Learner(context, data, 1, 0, stage, static_cast<uint64_t>(config.general.seed)),
      config_(config.gcbc),
      updates_(resolve_gcbc_updates(config, environment)) {}

Update CloningLearner::begin(int64_t k, const std::vector<nn::Adam*>& optimisers) {
    const double rate = nn::cosine_rate(k, updates_, 0, config_.learning_rate, config_.learning_rate_end);
    return Learner::begin(k, "", config_.batch, stream(k), rate, optimisers, BatchSampler::Contents::actor);
}

Actor CloningLearner::make_actor(const nn::Maker& make, int64_t in, int64_t out,
                                 const std::vector<float>& spread) const {
    nn::MlpSpec spec;
    spec.in = in, spec.out = out;
    spec.width = config_.width, spec.layers = config_.layers, spec.output_scale = config_.last_layer_scale;
    return {nn::make_mlp(make, spec, spread), false, out};
}

TrainingState CloningLearner::state() {
    TrainingState state;
    state.add("model", actor_set_);
    state.add("optimiser", actor_set_, actor_optimiser_);
    return state;
}

namespace {

class Gcbc : public CloningLearner {
  public:
    void update(int64_t k) override {
        Update u = begin(k, {&actor_optimiser_});
        u.step.run([&] {
            u.train(actor_set_, actor_optimiser_, {"loss"}, [&](const nn::Chunk& c, const Batch& rows) {
                return cloning_loss(c, actor_(rows.input), rows.action, rows.weight);
            });
        });
    }

    Gcbc(const Context& context, const Config& config, const std::string& environment, const LearningData& data,
         const std::string& stage)
        : CloningLearner(context, config, environment, data, stage) {
        Rng rng = init_stream();
        const nn::Maker make{context.backend, DType::f32, rng};
        actor_ = make_actor(make, sampler_.input_width(), sampler_.action_dim(),
                            sampler_.spread(1024, false, rng.stream("spread")));
        actor_set_ = nn::ParameterSet(actor_);
        actor_optimiser_ = nn::Adam(actor_set_);
    }
};

}  // namespace

std::unique_ptr<Learner> make_gcbc(const Context& context, const Config& config, const std::string& environment,
                                   const LearningData& data, const std::string& stage) {
    return std::make_unique<Gcbc>(context, config, environment, data, stage);
}

}  // namespace astro::method::learners
