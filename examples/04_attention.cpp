// A transformer block learns attention: the output at every token must be the value of the one marked token.
//     make examples && build/examples/04_attention [PICTURE.svg]
// Without attention, an output depends on its own token only. The best prediction is then 0, with an error of 1/3.
#include <cstdio>

#include "examples/picture.h"
#include "nn/optimiser.h"
#include "nn/transformer.h"

using namespace astro;

namespace {

constexpr int64_t kBatch = 64, kTokens = 8, kWidth = 32, kHeads = 2;

struct Network {
    nn::Linear embed, head;
    nn::Block block;
    Tensor condition;  // constant here; in the diffusion transformer it contains the noise level

    template <class V>
    void visit(V& v) {
        v("embed", embed);
        v("block", block);
        v("head", head);
    }
    Tensor operator()(const Tensor& tokens) const { return head(block(embed(tokens), condition)); }
};

struct Task {
    Tensor tokens, answer;  // (B, T, 2): value, mark; (B, T, 1): the marked token's value
};

Task draw(Backend& backend, Rng& rng) {
    std::vector<float> tokens, answer;
    for (int64_t b = 0; b < kBatch; ++b) {
        const int64_t marked = rng.below(kTokens);
        for (int64_t t = 0; t < kTokens; ++t) {
            tokens.push_back(static_cast<float>(rng.uniform(-1, 1)));
            tokens.push_back(t == marked ? 1.0f : 0.0f);
        }
        answer.insert(answer.end(), kTokens, tokens[static_cast<size_t>(2 * (b * kTokens + marked))]);
    }
    return {Tensor::from(backend, {kBatch, kTokens, 2}, tokens), Tensor::from(backend, {kBatch, kTokens, 1}, answer)};
}

}  // namespace

int main(int argc, char** argv) {
    const auto backend = make_cpu_backend();
    Rng rng = Rng(0).stream("04_attention");
    const nn::Maker make{*backend, DType::f32, rng};
    Network network{nn::make_linear(make, 2, kWidth), nn::make_linear(make, kWidth, 1),
                    nn::make_block(make, kWidth, kHeads, false),
                    Tensor::full(*backend, DType::f32, {kBatch, kWidth}, 1)};
    nn::ParameterSet parameters(network);
    nn::Adam optimiser(parameters);
    std::printf("%lld parameters\n", static_cast<long long>(parameters.size()));

    // The gates of the block are 0 before training, so the block is the identity and attention has no effect.
    constexpr int kUpdates = 800;
    for (int k = 0; k < kUpdates; ++k) {
        const Task task = draw(*backend, rng);
        Tape tape({parameters.flat()});
        const Tensor loss = mean(square(network(task.tokens) - task.answer));
        tape.backward(loss);
        optimiser.step(parameters, tape.parameter_gradient(), nn::cosine_rate(k, kUpdates, 50, 5e-3, 0), 1);
        if (k % 100 == 0) std::printf("update %3d  mean squared error %.4f\n", k, loss.item());
    }
    const Task fresh = draw(*backend, rng);
    const Tensor output = network(fresh.tokens);
    const double error = mean(square(output - fresh.answer)).item();
    std::printf("on fresh sequences: mean squared error %.5f\n", error);

    // In a causal block, the output at a token does not depend on later tokens.
    network.block.causal = true;
    Tensor changed = fresh.tokens.clone();
    changed.data<float>()[2 * (kTokens - 1)] += 1;  // the last token of the first sequence
    const std::vector<float> one = network(fresh.tokens).to_vector<float>(), two = network(changed).to_vector<float>();
    bool causal = one[kTokens - 1] != two[kTokens - 1];
    for (size_t t = 0; t + 1 < kTokens; ++t) causal = causal && one[t] == two[t];
    std::printf("causal: earlier outputs unchanged: %s\n", causal ? "yes" : "no");

    example::Picture picture(-1.1, 1.1, -1.1, 1.1);  // x: the answer; y: the output
    const std::vector<float> x = fresh.answer.to_vector<float>(), y = output.to_vector<float>();
    picture.line({{-1, -1}, {1, 1}}, "#bbb");
    for (size_t i = 0; i < x.size(); ++i) picture.dots({{x[i], y[i]}}, "#1f5fa8");
    if (!picture.write(argc > 1 ? argv[1] : nullptr)) return 1;
    return example::verdict(error < .01 && causal, "the block has learnt to attend to the marked token");
}
