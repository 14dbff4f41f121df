// TDR, the temporal distance representation: an encoder phi in which Euclidean distance represents the minimum number
// of steps between two states [paper: structure; loss: HILP, Park et al., ICML 2024].
//
//   V(s, g) = -d(s, g),  d(s, g) = sqrt(max(|phi(s) - phi(g)|^2, 1e-6))
// Trained by expectile TD with r = -1 per step and discount gamma, so that d = (1 - gamma^n) / (1 - gamma) for n steps.
// There are two objectives (tdr.objective). The default, in-batch, has one head and takes every pair of rows of a batch
// as state and goal [ours]: in_batch_loss. The other, hilp, is HILP's: sampled triples (s, s', g) and usually two
// heads; presets small and base use it: hilp_loss.
#pragma once

#include "astro/config/config.h"
#include "astro/expectile.h"
#include "astro/training.h"
#include "astro/trajectories.h"
#include "nn/layers.h"

namespace astro::method {

// n from d (docs/method.md 4.4): ln(1 - d (1 - gamma)) / ln gamma. The argument is at least 1e-3, since d saturates at
// 1 / (1 - gamma). gamma = 1: n = d, the limit.
double steps_from_distance(double distance, double gamma);
// d from n, the inverse.
double distance_from_steps(double steps, double gamma);

constexpr double kDistanceFloor = 1e-6;  // of the squared distance

// One batch of in-batch pairs: B rows s_i with successors s'_i. `pair_weight` (B, B) sums to 1:
// same_weight * [j later in i's episode] / (number of such pairs) + (1 - same_weight) / (B (B - 1)) for i != j.
std::vector<float> in_batch_weights(const std::vector<int64_t>& rows, const std::vector<int64_t>& episode,
                                    double same_weight);

// Loss over the pairs (i, j), i in a block of rows (docs/method.md 4.2): sum pair_weight w_tau (q - v)^2 with
// v = -d(s_i, s_j), q = -1 - gamma d'(s'_i, s_j), advantage q + d'(s_i, s_j), w_tau = expectile_weight(advantage,
// tau). d' is by the target network. latent, latent_target, next_target (n, L) of the block; all, all_target (B, L);
// pair_weight (n, B).
Tensor in_batch_loss(const Tensor& latent, const Tensor& all, const Tensor& latent_target, const Tensor& next_target,
                     const Tensor& all_target, const Tensor& pair_weight, double gamma, double expectile);

// HILP's loss for triples (s, s', g) (docs/method.md 4.3; be2431b, hilp_gcrl/src/agents/hilp.py): TD targets per head,
// expectile weights by the mean-head advantage with the min-head bootstrap. v = V(s, g) of the online heads; target_v =
// V'(s, g) and target_next = V'(s', g) of the target heads: each (n, H). hit (n) is 1 if the goal is row s itself. The
// chunk's share of the mean over rows, summed over heads.
Tensor hilp_loss(const nn::Chunk& chunk, const Tensor& v, const Tensor& target_v, const Tensor& target_next,
                 const Tensor& hit, double gamma, double expectile);
// V(s, g) = -d of each head: (n, H). s, g: one tensor of latents (n, L) per head.
Tensor head_values(const std::vector<Tensor>& s, const std::vector<Tensor>& g);

class TemporalDistance : public TrainableModel {
  public:
    // Trains on every row of the segments that has a successor in its segment.
    TemporalDistance(const Context& context, const TdrConfig& config, double gamma, const Trajectories& data,
                     uint64_t seed);

    std::string name() const override { return "tdr"; }
    int64_t updates() const override { return config_.updates; }
    void update(int64_t k) override;
    TrainingState state() override;

    // Head 0 of the online network. states: (rows, state_dim), in the method's units -> (rows, latent).
    std::vector<float> embed(const float* states, int64_t rows) const;
    int64_t latent() const { return config_.latent; }
    int64_t state_dim() const { return data_.dataset->state_dim; }
    const nn::Mlp& network() const { return online_.head[0]; }  // phi of embed()
    double gamma() const { return gamma_; }

  private:
    // Minibatches of the two objectives, on the device.
    struct Pairs {
        Tensor states, next;  // (B, D): s_i and s'_i; every s_j serves as a goal
        Tensor weight;        // (B, B), see in_batch_weights
    };
    struct Triples {
        Tensor states, next, goals;  // (B, D)
        Tensor hit;                  // (B): 1 if the goal is row s itself
    };
    // An update that has begun: its step, random stream, and the rate of the target network, f64 (1).
    struct Update {
        nn::Step step;
        Rng rng;
        Tensor target_rate;
    };
    Update begin(int64_t k);  // also prepares the optimiser
    // For the body of an update.
    void train_in_batch(Update& update, const Pairs& batch);
    void train_hilp(Update& update, const Triples& batch);
    Pairs draw_pairs(Update& update) const;
    Triples draw_triples(Update& update) const;
    Tensor states_of(nn::Step& step, const std::vector<int64_t>& rows, int64_t offset) const;

    struct Heads {
        std::vector<nn::Mlp> head;
        template <class V>
        void visit(V& v) {
            v("head", head);
        }
        std::vector<Tensor> latents(const Tensor& states) const {  // (n, D) -> (n, L) per head
            std::vector<Tensor> each;
            for (const nn::Mlp& net : head) each.push_back(net(states));
            return each;
        }
    };

    TdrConfig config_;
    double gamma_;
    const Trajectories& data_;
    uint64_t seed_;
    Heads online_, target_;
    nn::ParameterSet online_set_, target_set_;
    nn::Adam optimiser_;
    std::vector<int64_t> sources_;  // segments with at least two rows
};

}  // namespace astro::method
