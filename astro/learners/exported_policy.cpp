#include "astro/learners/exported_policy.h"

#include <cmath>
#include <limits>

#include "data/npz.h"

namespace astro::method::learners {

namespace {

constexpr int64_t kVersion = 1;
constexpr const char* kMeta = "meta.json";

std::string key_of(const char* what, size_t i, const char* part) { return text(what, i, "/", part); }

// Writes arrays. Stored, so that a reader needs no inflate.
struct Writer {
    data::NpzWriter file;

    template <class T>
    void operator()(const std::string& key, std::vector<int64_t> shape, const std::vector<T>& values) {
        file.add(key, data::NpyArray::from(std::move(shape), values), data::Compression::stored);
    }
    void number(const std::string& key, int64_t value) { (*this)(key, {1}, std::vector<int64_t>{value}); }
    void weights(const std::string& key, const Tensor& tensor) {
        std::vector<int64_t> shape;
        for (int i = 0; i < tensor.rank(); ++i) shape.push_back(tensor.dim(i));
        (*this)(key, std::move(shape), tensor.cast(DType::f32).to_vector<float>());
    }
    void units(const std::string& name, const data::ColumnUnits& columns) {
        (*this)(name + "_centre", {columns.columns()}, columns.centre);
        (*this)(name + "_scale", {columns.columns()}, columns.scale);
    }
};

// Reads arrays, and holds each to the shape that it must have.
struct Reader {
    Backend& backend;
    data::NpzReader file;

    template <class T>
    std::vector<T> operator()(const std::string& key, const std::vector<int64_t>& shape) const {
        const std::vector<int64_t>& found = file.entry(key).header.shape;
        if (found != shape)
            fail(ErrorKind::data, file.where(key), " has shape ", data::shape_text(found), ", expected ",
                 data::shape_text(shape));
        std::vector<T> values = file.read_as<T>(key);
        for (T value : values)
            if (!std::isfinite(static_cast<double>(value)))
                fail(ErrorKind::data, file.where(key), " holds a number that is not finite");
        return values;
    }
    bool flag(const std::string& key) const {
        const int64_t value = (*this).operator()<int64_t>(key, {1})[0];
        if (value != 0 && value != 1) fail(ErrorKind::data, file.where(key), " is ", value, ", expected 0 or 1");
        return value == 1;
    }
    Tensor weights(const std::string& key, const Shape& shape) const {
        std::vector<int64_t> wanted;
        for (int i = 0; i < shape.rank(); ++i) wanted.push_back(shape[i]);
        return Tensor::from(backend, shape, (*this).operator()<double>(key, wanted));
    }
    int64_t columns(const std::string& key) const {
        const std::vector<int64_t>& shape = file.entry(key).header.shape;
        if (shape.size() != 1 || shape[0] < 1)
            fail(ErrorKind::data, file.where(key), " has shape ", data::shape_text(shape),
                 ", expected one number a column");
        return shape[0];
    }
    data::ColumnUnits units(const std::string& name) const {
        data::ColumnUnits columns;
        const int64_t n = this->columns(name + "_centre");
        columns.centre = (*this).operator()<double>(name + "_centre", {n});
        columns.scale = (*this).operator()<double>(name + "_scale", {n});
        for (int64_t i = 0; i < n; ++i) {
            const double scale = columns.scale[static_cast<size_t>(i)];
            if (scale < 0) fail(ErrorKind::data, file.where(name + "_scale"), " is negative in column ", i);
            if (scale > 0) columns.varying.push_back(i);
        }
        if (columns.varying.empty()) fail(ErrorKind::data, file.where(name + "_scale"), " is 0 in every column");
        return columns;
    }
};

// The first `columns` columns of a layer's output, on another backend, in float64.
nn::Linear copy_of(Backend& backend, const nn::Linear& layer, int64_t columns) {
    const int64_t in = layer.weight.dim(0), out = layer.weight.dim(1);
    const std::vector<double> weight = layer.weight.cast(DType::f64).to_vector<double>();
    std::vector<double> bias = layer.bias.cast(DType::f64).to_vector<double>(), kept;
    for (int64_t row = 0; row < in; ++row)
        kept.insert(kept.end(), weight.begin() + row * out, weight.begin() + row * out + columns);
    bias.resize(static_cast<size_t>(columns));
    return {Tensor::from(backend, Shape{in, columns}, kept), Tensor::from(backend, Shape{columns}, bias)};
}

Tensor copy_of(Backend& backend, const Tensor& tensor) {
    return Tensor::from(backend, tensor.shape(), tensor.cast(DType::f64).to_vector<double>());
}

}  // namespace

std::vector<double> ExportedPolicy::act(const std::vector<double>& observations,
                                        const std::vector<double>& goals_) const {
    const size_t wide = static_cast<size_t>(observation_dim()), narrow = static_cast<size_t>(units.states.dim());
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
    Writer write{data::NpzWriter(path)};
    write.number("policy_version", kVersion);
    write.number("goal_conditioned", policy.goals);
    write.number("hidden_layers", net.spec.layers);
    write.number("gelu", net.spec.activation == nn::Activation::gelu);
    write.number("layer_norm", net.spec.layer_norm);
    write.number("tanh", policy.actor.squash);
    write.units("state", policy.units.states);
    write.units("action", policy.units.actions);
    for (size_t i = 0; i < net.layers.size(); ++i) {
        write.weights(key_of("layer", i, "weight"), net.layers[i].weight);
        write.weights(key_of("layer", i, "bias"), net.layers[i].bias);
        if (i >= net.norms.size()) continue;
        write.weights(key_of("norm", i, "gain"), net.norms[i].gain);
        write.weights(key_of("norm", i, "bias"), net.norms[i].bias);
    }
    write.file.add_text(kMeta, policy.provenance.dump() + "\n");
    write.file.close();
}

ExportedPolicy load_policy(Backend& backend, const std::string& path) {
    const Reader read{backend, data::NpzReader(path)};
    if (!read.file.find("policy_version"))
        fail(ErrorKind::data, path,
             ": no array 'policy_version', so this is not an exported policy; hint: astro policy export "
             "writes one");
    const int64_t version = read.operator()<int64_t>("policy_version", {1})[0];
    if (version != kVersion)
        fail(ErrorKind::data, path, ": version ", version, " of the format, this program reads version ", kVersion);
    ExportedPolicy policy;
    policy.goals = read.flag("goal_conditioned");
    policy.units.states = read.units("state"), policy.units.actions = read.units("action");
    policy.actor.squash = read.flag("tanh"), policy.actor.actions = policy.units.actions.dim();
    nn::MlpSpec& spec = policy.actor.net.spec;
    spec.in = policy.units.states.dim() * (policy.goals ? 2 : 1), spec.out = policy.actor.actions;
    spec.layers = read.operator()<int64_t>("hidden_layers", {1})[0];
    spec.activation = read.flag("gelu") ? nn::Activation::gelu : nn::Activation::relu;
    spec.layer_norm = read.flag("layer_norm");
    if (spec.layers < 0 || spec.layers >= static_cast<int64_t>(read.file.entries().size()))
        fail(ErrorKind::data, read.file.where("hidden_layers"), " is ", spec.layers, ", which the file has not");
    int64_t in = spec.in;
    for (size_t i = 0; i <= static_cast<size_t>(spec.layers); ++i) {
        const bool last = i == static_cast<size_t>(spec.layers);
        const int64_t out = last ? spec.out : read.columns(key_of("layer", i, "bias"));
        policy.actor.net.layers.push_back({read.weights(key_of("layer", i, "weight"), Shape{in, out}),
                                           read.weights(key_of("layer", i, "bias"), Shape{out})});
        in = out;
        if (last || !spec.layer_norm) continue;
        policy.actor.net.norms.push_back(
            {read.weights(key_of("norm", i, "gain"), Shape{out}), read.weights(key_of("norm", i, "bias"), Shape{out})});
    }
    if (spec.layers > 0) spec.width = policy.actor.net.layers[0].weight.dim(1);
    policy.provenance = read.file.has_text(kMeta) ? data::Json::parse(read.file.read_text(kMeta), path + ": " + kMeta)
                                                  : data::Json::object();
    return policy;
}

}  // namespace astro::method::learners
