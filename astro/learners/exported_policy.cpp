#include "astro/learners/exported_policy.h"

#include <cmath>
#include <limits>

#include "astro/network_file.h"
#include "tensor/base/rows.h"

namespace astro::method::learners {

namespace {

constexpr int64_t kPlain = 1, kWithEncoder = 2, kHierarchical = 3;  // versions of the format
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

// All of a network, on another backend, in float64.
nn::Mlp copy_of(Backend& backend, nn::Mlp net) {
    for (nn::Linear& layer : net.layers) layer = copy_of(backend, layer, layer.weight.dim(1));
    for (nn::Mlp::Norm& norm : net.norms) norm = {copy_of(backend, norm.gain), copy_of(backend, norm.bias)};
    return net;
}

}  // namespace

std::vector<double> ExportedPolicy::act(const std::vector<double>& observations,
                                        const std::vector<double>& goals_) const {
    const size_t wide = to_size(observation_dim()), narrow = to_size(units.states.dim());
    const size_t rows = observations.size() / wide;
    ASTRO_CHECK(goals_.size() == (goals ? observations.size() : 0), "ExportedPolicy::act: ", observations.size(),
                " numbers of observations and ", goals_.size(), " of goals");
    // (rows, D), or (rows, D + L) with latents
    auto input = [&](const std::vector<double>& from, const char* what) {
        std::vector<float> states(rows * narrow);
        for (size_t row = 0; row < rows; ++row) {
            float* to = states.data() + row * narrow;
            units.states.inward(from.data() + row * wide, to);
            for (size_t i = 0; i < narrow; ++i)
                if (!std::isfinite(to[i]))
                    fail(ErrorKind::data, what, " of row ", row, ", column ", units.states.varying[i],
                         ": the number is too large for this policy");
        }
        const Tensor x = Tensor::from(actor.net.layers[0].weight.backend(),
                                      Shape{static_cast<int64_t>(rows), static_cast<int64_t>(narrow)},
                                      std::vector<double>(states.begin(), states.end()));
        return encoder ? concat({x, (encoder->net(x) - encoder->centre) * (1 / encoder->scale)}, 1) : x;
    };
    Tensor x = input(observations, "the observation");
    if (goals) x = concat({x, input(goals_, "the goal")}, 1);
    const std::vector<double> actions =
        clamp(high ? hierarchical_action(*high, actor, x) : actor(x), -1, 1).to_vector<double>();
    for (double a : actions)
        if (!std::isfinite(a))
            fail(ErrorKind::data, "the observation is too large for this policy: its action is not finite");
    return units.actions.rows_outward<double>(actions);
}

ExportedPolicy export_policy(Backend& backend, const Learner& learner, const data::Units& units, data::Json provenance,
                             const LatentInputs* latents) {
    const Actor& actor = learner.actor();
    ExportedPolicy policy{actor, {}, {}, learner.takes_goals(), units, std::move(provenance)};
    if (const HighActor* high = learner.high_actor()) {
        policy.high = *high;
        policy.high->actor.net = copy_of(backend, high->actor.net);
    }
    if (latents)
        policy.encoder =
            LatentEncoder{copy_of(backend, latents->encoder()),
                          Tensor::from(backend, Shape{ssize(latents->centre())},
                                       std::vector<double>(latents->centre().begin(), latents->centre().end())),
                          double(latents->scale())};
    nn::Mlp& net = policy.actor.net;
    net = copy_of(backend, net);
    net.layers.back() = copy_of(backend, net.layers.back(), actor.actions);
    net.spec.out = actor.actions;
    return policy;
}

void save_policy(const std::string& path, const ExportedPolicy& policy) {
    const nn::Mlp& net = policy.actor.net;
    NetworkWriter write{data::NpzWriter(path)};
    write.number("policy_version", policy.high ? kHierarchical : policy.encoder ? kWithEncoder : kPlain);
    write.number("goal_conditioned", policy.goals);
    write.form("", net.spec);
    write.number("tanh", policy.actor.squash);
    write.units("state", policy.units.states);
    write.units("action", policy.units.actions);
    write.layers("", net);
    if (policy.high) {
        write.form("high/", policy.high->actor.net.spec);
        write.layers("high/", policy.high->actor.net);
        write.number("high/scaled", policy.high->scaled);
    }
    if (policy.encoder) {
        write.form("encoder/", policy.encoder->net.spec);
        write.layers("encoder/", policy.encoder->net);
        write("latent_centre", {policy.encoder->centre.dim(0)}, policy.encoder->centre.to_vector<double>());
        write("latent_scale", {1}, std::vector<double>{policy.encoder->scale});
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
    if (version < kPlain || version > kHierarchical)
        fail(ErrorKind::data, path, ": version ", version, " of the format, this program reads versions ", kPlain,
             " to ", kHierarchical);
    ExportedPolicy policy;
    policy.goals = read.flag("goal_conditioned");
    policy.units.states = read.units("state"), policy.units.actions = read.units("action");
    policy.actor.squash = read.flag("tanh"), policy.actor.actions = policy.units.actions.dim();
    int64_t width = policy.units.states.dim();
    if (version == kWithEncoder || (version == kHierarchical && read.file.find("latent_centre"))) {
        const int64_t latents = read.columns("latent_centre");
        nn::MlpSpec form = read.form("encoder/");
        form.in = width, form.out = latents;
        policy.encoder = LatentEncoder{read.network("encoder/", form), read.weights("latent_centre", Shape{latents}),
                                       read.operator()<double>("latent_scale", {1})[0]};
        if (policy.encoder->scale <= 0) fail(ErrorKind::data, read.file.where("latent_scale"), " is not above 0");
        width += latents;
    }
    nn::MlpSpec form = read.form("");
    form.in = width * (policy.goals ? 2 : 1), form.out = policy.actor.actions;
    if (version == kHierarchical) {
        if (!policy.goals) fail(ErrorKind::data, read.file.where("goal_conditioned"), " is 0 in a hierarchical policy");
        nn::MlpSpec high = read.form("high/");
        high.in = form.in, high.out = read.columns(text("high/layer", high.layers, "/bias"));
        policy.high = HighActor{{read.network("high/", high), false, high.out}, read.flag("high/scaled")};
        form.in = width + high.out;
    }
    policy.actor.net = read.network("", form);
    policy.provenance = read.file.has_text(kMeta) ? data::Json::parse(read.file.read_text(kMeta), path + ": " + kMeta)
                                                  : data::Json::object();
    return policy;
}

}  // namespace astro::method::learners
