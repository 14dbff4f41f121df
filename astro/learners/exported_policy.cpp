#include "astro/learners/exported_policy.h"

#include <cmath>
#include <limits>

#include "astro/network_file.h"
#include "tensor/base/rows.h"

namespace astro::method::learners {

namespace {

constexpr int64_t kVersion = 1;
constexpr const char* kMeta = "meta.json";

// The first `columns` columns of a layer's output, on another backend, in float64.
nn::Linear copy_of(Backend& backend, const nn::Linear& layer, int64_t columns) {
    const int64_t in = layer.weight.dim(0), out = layer.weight.dim(1);
    const std::vector<double> weight = layer.weight.cast(DType::f64).to_vector<double>();
    std::vector<double> bias = layer.bias.cast(DType::f64).to_vector<double>(), kept;
    for (int64_t row = 0; row < in; ++row)
        kept.insert(kept.end(), weight.begin() + row * out, weight.begin() + row * out + columns);
    bias.resize(to_size(columns));
    return {Tensor::from(backend, Shape{in, columns}, kept), Tensor::from(backend, Shape{columns}, bias)};
}

Tensor copy_of(Backend& backend, const Tensor& tensor) {
    return Tensor::from(backend, tensor.shape(), tensor.cast(DType::f64).to_vector<double>());
}

}  // namespace

std::vector<double> ExportedPolicy::act(const std::vector<double>& observations,
                                        const std::vector<double>& goals_) const {
    const size_t wide = to_size(observation_dim()), narrow = to_size(units.states.dim());
    const size_t rows = observations.size() / wide, width = narrow * (goals ? 2 : 1);
    ASTRO_CHECK(goals_.size() == (goals ? observations.size() : 0), "ExportedPolicy::act: ", observations.size(),
                " numbers of observations and ", goals_.size(), " of goals");
    std::vector<float> input(rows * width);
    auto put = [&](const std::vector<double>& from, size_t row, size_t at, const char* what) {
        float* to = input.data() + row * width + at;
        units.states.inward(from.data() + row * wide, to);
        for (size_t i = 0; i < narrow; ++i)
            if (!std::isfinite(to[i]))
                fail(ErrorKind::data, what, " of row ", row, ", column ", units.states.varying[i],
                     ": the number is too large for this policy");
    };
    for (size_t row = 0; row < rows; ++row) {
        put(observations, row, 0, "the observation");
        if (goals) put(goals_, row, narrow, "the goal");
    }
    const Tensor x = Tensor::from(actor.net.layers[0].weight.backend(),
                                  Shape{static_cast<int64_t>(rows), static_cast<int64_t>(width)},
                                  std::vector<double>(input.begin(), input.end()));
    const std::vector<double> actions = clamp(actor(x), -1, 1).to_vector<double>();
    for (double a : actions)
        if (!std::isfinite(a))
            fail(ErrorKind::data, "the observation is too large for this policy: its action is not finite");
    return units.actions.rows_outward<double>(actions);
}

ExportedPolicy export_policy(Backend& backend, const Learner& learner, const data::Units& units,
                             data::Json provenance) {
    const Actor& actor = learner.actor();
    ExportedPolicy policy{actor, learner.takes_goals(), units, std::move(provenance)};
    nn::Mlp& net = policy.actor.net;
    for (nn::Linear& layer : net.layers)
        layer = copy_of(backend, layer, &layer == &net.layers.back() ? actor.actions : layer.weight.dim(1));
    for (nn::Mlp::Norm& norm : net.norms) norm = {copy_of(backend, norm.gain), copy_of(backend, norm.bias)};
    net.spec.out = actor.actions;
    return policy;
}

void save_policy(const std::string& path, const ExportedPolicy& policy) {
    const nn::Mlp& net = policy.actor.net;
    NetworkWriter write{data::NpzWriter(path)};
    write.number("policy_version", kVersion);
    write.number("goal_conditioned", policy.goals);
    write.number("hidden_layers", net.spec.layers);
    write.number("gelu", net.spec.activation == nn::Activation::gelu);
    write.number("layer_norm", net.spec.layer_norm);
    write.number("tanh", policy.actor.squash);
    write.units("state", policy.units.states);
    write.units("action", policy.units.actions);
    for (size_t i = 0; i < net.layers.size(); ++i) {
        write.weights(layer_key("layer", i, "weight"), net.layers[i].weight);
        write.weights(layer_key("layer", i, "bias"), net.layers[i].bias);
        if (i >= net.norms.size()) continue;
        write.weights(layer_key("norm", i, "gain"), net.norms[i].gain);
        write.weights(layer_key("norm", i, "bias"), net.norms[i].bias);
    }
    write.file.add_text(kMeta, policy.provenance.dump() + "\n");
    write.file.close();
}

ExportedPolicy load_policy(Backend& backend, const std::string& path) {
    const NetworkReader read{backend, data::NpzReader(path)};
    if (!read.file.find("policy_version"))
        fail(ErrorKind::data, path,
             ": no array 'policy_version', so this is not an exported policy; hint: astro policy export "
             "writes one");
    const int64_t version = read.number("policy_version");
    if (version != kVersion)
        fail(ErrorKind::data, path, ": version ", version, " of the format, this program reads version ", kVersion);
    ExportedPolicy policy;
    policy.goals = read.flag("goal_conditioned");
    policy.units.states = read.units("state"), policy.units.actions = read.units("action");
    policy.actor.squash = read.flag("tanh"), policy.actor.actions = policy.units.actions.dim();
    nn::MlpSpec& spec = policy.actor.net.spec;
    spec.in = policy.units.states.dim() * (policy.goals ? 2 : 1), spec.out = policy.actor.actions;
    spec.layers = read.number("hidden_layers");
    spec.activation = read.flag("gelu") ? nn::Activation::gelu : nn::Activation::relu;
    spec.layer_norm = read.flag("layer_norm");
    if (spec.layers < 0 || spec.layers >= static_cast<int64_t>(read.file.entries().size()))
        fail(ErrorKind::data, read.file.where("hidden_layers"), " is ", spec.layers, ", which the file has not");
    int64_t in = spec.in;
    for (size_t i = 0; i <= to_size(spec.layers); ++i) {
        const bool last = i == to_size(spec.layers);
        const int64_t out = last ? spec.out : read.columns(layer_key("layer", i, "bias"));
        policy.actor.net.layers.push_back({read.weights(layer_key("layer", i, "weight"), Shape{in, out}),
                                           read.weights(layer_key("layer", i, "bias"), Shape{out})});
        in = out;
        if (last || !spec.layer_norm) continue;
        policy.actor.net.norms.push_back({read.weights(layer_key("norm", i, "gain"), Shape{out}),
                                          read.weights(layer_key("norm", i, "bias"), Shape{out})});
    }
    if (spec.layers > 0) spec.width = policy.actor.net.layers[0].weight.dim(1);
    policy.provenance = read.file.has_text(kMeta) ? data::Json::parse(read.file.read_text(kMeta), path + ": " + kMeta)
                                                  : data::Json::object();
    return policy;
}

}  // namespace astro::method::learners
