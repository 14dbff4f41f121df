// Policy networks: one actor on [state, goal], or two, of which the high one gives the low one its goals.
#pragma once

#include "nn/layers.h"

namespace astro::method::learners {

// States and goals of inputs [s, g], and inputs made of them.
Tensor state_of(const Tensor& input);                       // (B, 2 D) -> (B, D)
Tensor goal_of(const Tensor& input);                        // (B, 2 D) -> (B, D)
Tensor with_goal(const Tensor& state, const Tensor& goal);  // (B, D), (B, R) -> (B, D + R)

// Rows scaled to the length sqrt(R), as OGBench's representations are: (B, R) -> (B, R).
Tensor scaled_to_length(const Tensor& x);

// The deterministic policy: an MLP on [state, goal], optionally with a final tanh. If the network has more than
// `actions` outputs (mean and log std of a Gaussian), the first ones are the action.
struct Actor {
    nn::Mlp net;
    bool squash = false;
    int64_t actions = 0;

    template <class V>
    void visit(V& v) {
        v("actor", net);
    }
    Tensor operator()(const Tensor& input) const {
        Tensor out = net(input);
        if (out.dim(1) > actions) out = slice(out, 1, 0, actions);
        return squash ? tanh(out) : out;
    }
};

// The high actor of a hierarchical policy, under a separate name in checkpoints. Its output, optionally scaled to the
// length sqrt(R), is the goal of the low actor: (B, 2 D) -> (B, R).
struct HighActor {
    Actor actor;
    bool scaled = false;

    template <class V>
    void visit(V& v) {
        v("high", actor);
    }
    Tensor operator()(const Tensor& input) const {
        const Tensor out = actor(input);
        return scaled ? scaled_to_length(out) : out;
    }
};

// a = low(s, high(s, g)) for inputs [s, g] (B, 2 D): (B, A).
Tensor hierarchical_action(const HighActor& high, const Actor& low, const Tensor& input);

}  // namespace astro::method::learners
