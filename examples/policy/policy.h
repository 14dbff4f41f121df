// Computes the actions of a policy that `astro policy export` wrote (docs/formats.md, "Policies"), in C++17 without
// libraries.
//     const policy::Policy policy("policy.npz");
//     std::vector<double> action = policy.act(observation, goal);   // without a goal for single-task policies
// Errors are thrown as std::runtime_error. Requires a little-endian machine and a file as written by astro, in which
// arrays are not compressed.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace policy {

// The arrays of an .npz file with stored members, flat, in C order, by name.
class Arrays {
  public:
    explicit Arrays(const std::string& path) : path_(path) {
        std::ifstream file(path, std::ios::binary);
        if (!file) fail("cannot be read");
        bytes_.assign(std::istreambuf_iterator<char>(file), {});
        if (bytes_.size() < 22) fail("is not a zip archive");
        const size_t end = bytes_.size() - 22;  // the end record; astro writes no comment after it
        if (number(end, 4) != 0x06054b50) fail("is not a zip archive as astro writes it");
        size_t at = number(end + 16, 4);
        for (size_t member = number(end + 10, 2); member > 0; --member) {
            const size_t name_size = number(at + 28, 2);
            const std::string name = piece(at + 46, name_size);
            const bool array = name.size() > 4 && name.compare(name.size() - 4, 4, ".npy") == 0;
            if (array && number(at + 10, 2) != 0) fail(name + " is compressed");
            const size_t header = number(at + 42, 4);
            const size_t content = header + 30 + number(header + 26, 2) + number(header + 28, 2);
            if (array) arrays_[name.substr(0, name.size() - 4)] = parse(name, piece(content, number(at + 24, 4)));
            at += 46 + name_size + number(at + 30, 2) + number(at + 32, 2);
        }
    }
    const std::vector<double>& at(const std::string& name) const {
        const auto found = arrays_.find(name);
        if (found == arrays_.end()) fail("has no array " + name);
        return found->second;
    }
    bool contains(const std::string& name) const { return arrays_.count(name) > 0; }
    bool flag(const std::string& name) const { return at(name).at(0) != 0; }
    [[noreturn]] void fail(const std::string& what) const { throw std::runtime_error(path_ + " " + what); }

  private:
    std::string piece(size_t at, size_t size) const {
        if (at > bytes_.size() || size > bytes_.size() - at) fail("is truncated");
        return bytes_.substr(at, size);
    }
    size_t number(size_t at, size_t size) const {
        uint32_t value = 0;
        std::memcpy(&value, piece(at, size).data(), size);
        return value;
    }
    template <class T>
    static std::vector<double> numbers(const std::string& bytes) {
        std::vector<T> values(bytes.size() / sizeof(T));
        std::memcpy(values.data(), bytes.data(), values.size() * sizeof(T));
        return std::vector<double>(values.begin(), values.end());
    }
    std::vector<double> parse(const std::string& name, const std::string& npy) const {
        if (npy.size() < 10 || npy.compare(0, 8, std::string("\x93NUMPY\x01\x00", 8)) != 0)
            fail(name + " is not an array");
        uint16_t header = 0;
        std::memcpy(&header, npy.data() + 8, 2);
        if (npy.size() < 10u + header) fail(name + " is truncated");
        const std::string described = npy.substr(10, header), values = npy.substr(10u + header);
        if (described.find("'<f4'") != std::string::npos) return numbers<float>(values);
        if (described.find("'<f8'") != std::string::npos) return numbers<double>(values);
        if (described.find("'<i8'") != std::string::npos) return numbers<int64_t>(values);
        fail(name + " has a type that astro does not write: " + described);
    }

    std::string path_, bytes_;
    std::map<std::string, std::vector<double>> arrays_;
};

// A network of the file: arrays PREFIXhidden_layers, PREFIXlayer0/weight, ...
class Network {
  public:
    Network(const Arrays& file, const std::string& prefix, size_t in) {
        gelu_ = file.flag(prefix + "gelu");
        const bool norms = file.flag(prefix + "layer_norm");
        const auto hidden = static_cast<size_t>(file.at(prefix + "hidden_layers").at(0));
        for (size_t i = 0; i <= hidden; ++i) {
            const std::string layer = prefix + "layer" + std::to_string(i), norm = prefix + "norm" + std::to_string(i);
            layers_.push_back({file.at(layer + "/weight"), file.at(layer + "/bias"), {}, {}});
            if (norms && i < hidden)
                layers_[i].gain = file.at(norm + "/gain"), layers_[i].shift = file.at(norm + "/bias");
            if (layers_[i].weight.size() != in * layers_[i].bias.size())
                file.fail("has a " + layer + " of the wrong shape");
            in = layers_[i].bias.size();
        }
    }
    size_t out() const { return layers_.back().bias.size(); }
    std::vector<double> operator()(std::vector<double> h) const {
        for (size_t i = 0; i < layers_.size(); ++i) {
            h = linear(layers_[i], h);
            if (i + 1 == layers_.size()) break;
            for (double& x : h) x = gelu_ ? gelu(x) : std::max(x, 0.0);
            if (!layers_[i].gain.empty()) normalise(layers_[i], h);
        }
        return h;
    }

  private:
    struct Layer {
        std::vector<double> weight, bias, gain, shift;  // weight (in, out); gain and shift: of the layer norm, or empty
    };
    static std::vector<double> linear(const Layer& layer, const std::vector<double>& x) {
        std::vector<double> y = layer.bias;
        for (size_t i = 0; i < x.size(); ++i)
            for (size_t j = 0; j < y.size(); ++j) y[j] += x[i] * layer.weight[i * y.size() + j];
        return y;
    }
    static double gelu(double x) { return x / 2 * (1 + std::tanh(.7978845608028654 * (x + .044715 * x * x * x))); }
    static void normalise(const Layer& layer, std::vector<double>& h) {
        double mean = 0, variance = 0;
        for (double x : h) mean += x / static_cast<double>(h.size());
        for (double x : h) variance += (x - mean) * (x - mean) / static_cast<double>(h.size());
        for (size_t j = 0; j < h.size(); ++j)
            h[j] = (h[j] - mean) / std::sqrt(variance + 1e-6) * layer.gain[j] + layer.shift[j];
    }

    bool gelu_ = false;
    std::vector<Layer> layers_;
};

class Policy {
  public:
    explicit Policy(const std::string& path) {
        const Arrays file(path);
        const double version = file.at("policy_version").at(0);
        if (version != 1 && version != 2 && version != 3)
            file.fail("has an unsupported version of the format; expected 1, 2 or 3");
        goals_ = file.flag("goal_conditioned"), tanh_ = file.flag("tanh");
        state_centre_ = file.at("state_centre"), state_scale_ = file.at("state_scale");
        action_centre_ = file.at("action_centre"), action_scale_ = file.at("action_scale");
        size_t in = varying(state_scale_);
        if (version == 2 || file.contains("latent_centre")) {
            encoder_.emplace_back(file, "encoder/", in);
            latent_centre_ = file.at("latent_centre"), latent_scale_ = file.at("latent_scale").at(0);
            if (encoder_[0].out() != latent_centre_.size()) file.fail("has an encoder of the wrong shape");
            in += latent_centre_.size();
        }
        if (version == 3) {
            high_.emplace_back(file, "high/", 2 * in);
            scaled_ = file.flag("high/scaled");
        }
        actor_.emplace_back(file, "", version == 3 ? in + high_[0].out() : in * (goals_ ? 2 : 1));
        if (actor_[0].out() != varying(action_scale_)) file.fail("has a last layer of the wrong shape");
    }

    bool takes_goals() const { return goals_; }

    std::vector<double> act(const std::vector<double>& observation, const std::vector<double>& goal = {}) const {
        std::vector<double> h;
        append(observation, h);
        const size_t state = h.size();
        if (goals_) append(goal, h);
        if (!high_.empty()) {  // the high actor's output takes the place of the goal
            const std::vector<double> subgoal = scaled_ ? unit_mean_square(high_[0](h)) : high_[0](h);
            h.resize(state);
            h.insert(h.end(), subgoal.begin(), subgoal.end());
        }
        h = actor_[0](h);
        std::vector<double> action = action_centre_;
        size_t at = 0;
        for (size_t i = 0; i < action.size(); ++i)
            if (action_scale_[i] > 0) {
                const double a = tanh_ ? std::tanh(h[at++]) : h[at++];
                action[i] += action_scale_[i] * std::min(std::max(a, -1.0), 1.0);
            }
        return action;
    }

  private:
    static size_t varying(const std::vector<double>& scale) {
        return static_cast<size_t>(std::count_if(scale.begin(), scale.end(), [](double s) { return s > 0; }));
    }
    static std::vector<double> unit_mean_square(std::vector<double> x) {
        double mean = 0;
        for (double value : x) mean += value * value / static_cast<double>(x.size());
        for (double& value : x) value /= std::sqrt(mean);
        return x;
    }
    // Appends a state in the units of the network, then its latent if the policy sees latents. Columns that never
    // changed in the data are not inputs. States are rounded to float32, as in evaluations.
    void append(const std::vector<double>& row, std::vector<double>& h) const {
        if (row.size() != state_scale_.size())
            throw std::runtime_error(std::to_string(row.size()) + " numbers in an observation or goal, expected " +
                                     std::to_string(state_scale_.size()));
        std::vector<double> state;
        for (size_t i = 0; i < row.size(); ++i)
            if (state_scale_[i] > 0)
                state.push_back(static_cast<double>(static_cast<float>((row[i] - state_centre_[i]) / state_scale_[i])));
        h.insert(h.end(), state.begin(), state.end());
        if (encoder_.empty()) return;
        const std::vector<double> latent = encoder_[0](state);
        for (size_t k = 0; k < latent.size(); ++k) h.push_back((latent[k] - latent_centre_[k]) / latent_scale_);
    }

    bool goals_ = false, tanh_ = false, scaled_ = false;
    double latent_scale_ = 1;
    std::vector<double> state_centre_, state_scale_, action_centre_, action_scale_, latent_centre_;
    // No encoder if the policy does not see latents; no high actor unless it is hierarchical; one actor.
    std::vector<Network> encoder_, high_, actor_;
};

}  // namespace policy
