// Exported policies: the library and the header for other programs compute the same actions as the learner.
#include <doctest/doctest.h>

#include "astro/learners/exported_policy.h"
#include "data/npz.h"
#include "examples/policy/policy.h"
#include "tests/error_message.h"
#include "tests/small_pipeline.h"
#include "tests/temporary_folder.h"

using namespace astro;
using namespace astro::method;
using namespace astro::method::learners;

namespace {

// Three state columns, of which the second is constant, and three action columns, of which the first is constant. All
// are in units other than the method's.
data::Dataset recorded_rows() {
    data::Dataset d;
    d.rows = 60, d.state_dim = d.action_dim = 3;
    Rng rng(9);
    for (int64_t t = 0; t < d.rows; ++t) {
        for (double value : {rng.uniform(100, 300), 7.5, rng.uniform(-.01, .02)})
            d.observations.push_back(float(value));
        for (double value : {.25, rng.uniform(-3, 5), rng.uniform(10, 12)}) d.actions.push_back(float(value));
        d.terminals.push_back(t % 20 == 19);
    }
    data::index_episodes(d);
    return d;
}

struct Trained {
    std::unique_ptr<Backend> backend = make_cpu_backend();
    ThreadPool pool{2};
    data::Units units;
    data::RecordedData rows;
    std::unique_ptr<Learner> learner;

    Trained(const std::string& name, Protocol protocol, PolicyActivation activation = PolicyActivation::gelu) {
        data::Dataset recorded = recorded_rows();
        units = data::measure_units(recorded, "test");
        rows = data::convert(units, std::move(recorded), "test");
        Config config;
        apply_preset(config, "tiny");
        config.value.batch = 24, config.gcbc.batch = 24;
        config.value.activation = activation;
        config.value.actor_layer_norm = name == "iql";
        if (name == "cql") config.cql.form = CqlForm::pure;  // a network that also outputs standard deviations
        LearningData data;
        data::TaskLabels labels;
        labels.rewards.assign(60, -1), labels.masks.assign(60, 1);
        data.pools = {{&rows.data, 1.0, labels}}, data.protocol = protocol;
        learner = make_learner(name, Context{*backend, pool, 8}, config, "", data, "policy/test/" + name);
        for (int64_t k = 0; k < 6; ++k) learner->update(k);
    }
};

// Observations or goals in the units of the file, some of them outside the range of the data.
std::vector<double> observations(Rng& rng, int64_t rows) {
    std::vector<double> all;
    for (int64_t r = 0; r < rows; ++r)
        for (double value : {rng.uniform(50, 350), rng.uniform(0, 10), rng.uniform(-.02, .03)}) all.push_back(value);
    return all;
}

double difference(const std::vector<double>& a, const std::vector<double>& b) {
    REQUIRE(a.size() == b.size());
    double worst = 0;
    for (size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::fabs(a[i] - b[i]));
    return worst;
}

}  // namespace

TEST_CASE("exported policies: library and header give the actions of the learner, for every learner and protocol") {
    const TemporaryFolder folder;
    const std::string path = folder / "policy.npz";
    for (const std::string name : {"gcbc", "td3bc", "iql", "cql", "gcivl", "hiql", "hgcbc"})
        for (Protocol protocol : {Protocol::goal_conditioned, Protocol::single_task}) {
            if (protocol == Protocol::single_task && !has_single_task_form(name)) continue;
            const bool goal_conditioned = protocol == Protocol::goal_conditioned;
            INFO(name << (goal_conditioned ? " goal-conditioned" : " single-task"));
            const Trained trained(name, protocol, name == "td3bc" ? PolicyActivation::relu : PolicyActivation::gelu);
            data::Json about = data::Json::object();
            about["policy"] = name;
            save_policy(path, export_policy(*trained.backend, *trained.learner, trained.units, about));
            const ExportedPolicy loaded = load_policy(*trained.backend, path);
            CHECK(loaded.provenance.at("policy").as_string() == name);
            CHECK(loaded.actor.net.spec.layer_norm == (name == "iql"));

            Rng rng(3);
            const std::vector<double> states = observations(rng, 100), goals = observations(rng, 100), none;
            const data::ColumnUnits& in = trained.units.states;
            const std::vector<double> wanted = trained.units.actions.rows_outward<double>(
                trained.learner->act(in.rows_inward<float>(states), in.rows_inward<float>(goals)));
            const std::vector<double> acted = loaded.act(states, goal_conditioned ? goals : none);
            // The learner computes in float32, and rounding errors add up in its wide networks. Actions have a range
            // of 8.
            CHECK(difference(acted, wanted) / 4 < 2e-6);

            const ::policy::Policy header(path);
            CHECK(header.takes_goals() == goal_conditioned);
            std::vector<double> by_header, one_by_one;
            for (size_t r = 0; r < 300; r += 3) {
                auto row = [&](const std::vector<double>& of) {
                    return std::vector<double>(of.begin() + long(r), of.begin() + long(r) + 3);
                };
                for (double a : header.act(row(states), goal_conditioned ? row(goals) : none)) by_header.push_back(a);
                for (double a : loaded.act(row(states), goal_conditioned ? row(goals) : none)) one_by_one.push_back(a);
            }
            CHECK(difference(by_header, acted) < 1e-9);
            CHECK(difference(one_by_one, acted) < 1e-12);
            for (size_t r = 0; r < 100; ++r) CHECK(acted[3 * r] == .25);
            CHECK_THROWS_AS(header.act({1, 2}), std::runtime_error);
        }
}

TEST_CASE("exported policies: a policy that sees latents contains its encoder") {
    Small& s = small();
    const TemporaryFolder folder;
    const std::string path = folder / "policy.npz";
    const LatentInputs& latents = s.pipeline->latent_inputs();
    const data::Dataset rows = latents.of(s.pipeline->train_data(), s.pipeline->map().latent);
    LearningData data;
    data.pools = {{&rows}};
    data.latent_columns = s.pipeline->tdr().latent();
    Config config;
    apply_preset(config, "tiny");
    const data::Units& units = s.pipeline->units();
    for (const std::string name : {"gcbc", "hgcbc"}) {
        CAPTURE(name);
        const auto learner = make_learner(name, s.pipeline->context(), config, "", data, "policy/test/latents");
        for (int64_t k = 0; k < 6; ++k) learner->update(k);
        save_policy(path, export_policy(*s.backend, *learner, units, data::Json::object(), &latents));
        const ExportedPolicy loaded = load_policy(*s.backend, path);
        CHECK(loaded.observation_dim() == 2);
        // The subgoal of a hierarchical policy consists of latents alone.
        CHECK(loaded.actor.net.spec.in == (name == "gcbc" ? 4 : 2) + 2 * data.latent_columns);

        Rng rng(4);
        std::vector<double> states, goals;
        for (int i = 0; i < 100; ++i) states.push_back(rng.uniform(-5, 25)), goals.push_back(rng.uniform(-5, 25));
        const std::vector<double> wanted = units.actions.rows_outward<double>(learner->act(
            latents.of(units.states.rows_inward<float>(states)), latents.of(units.states.rows_inward<float>(goals))));
        const std::vector<double> acted = loaded.act(states, goals);
        CHECK(difference(acted, wanted) < 2e-5);  // the learner computes in float32
        const ::policy::Policy header(path);
        std::vector<double> by_header;
        for (size_t r = 0; r < 100; r += 2)
            for (double a : header.act({states[r], states[r + 1]}, {goals[r], goals[r + 1]})) by_header.push_back(a);
        CHECK(difference(by_header, acted) < 1e-9);
        std::vector<double> other = goals;
        std::rotate(other.begin(), other.begin() + 2, other.end());
        CHECK(difference(loaded.act(states, other), acted) > 1e-4);
    }
}

TEST_CASE("latent inputs: states, then latents that keep their distances up to one factor") {
    Small& s = small();
    const LatentInputs& latents = s.pipeline->latent_inputs();
    const data::Dataset& d = s.pipeline->train_data();
    const data::Dataset rows = latents.of(d, s.pipeline->map().latent);
    const TemporalMap& map = s.pipeline->map();
    REQUIRE(rows.state_dim == d.state_dim + map.width);
    double sum = 0, squares = 0, factor = 0;
    const auto values = double(d.rows * map.width);
    for (int64_t i = 0; i < d.rows; ++i) {
        CHECK(std::equal(d.observation(i), d.observation(i + 1), rows.observation(i)));
        for (int64_t k = 0; k < map.width; ++k) {
            const auto x = double(rows.observation(i)[d.state_dim + k]);
            sum += x / values, squares += x * x / values;
        }
    }
    CHECK(std::fabs(sum) < 1e-4);
    CHECK(squares == doctest::Approx(1).epsilon(1e-3));
    for (int64_t i = 0; i + 500 < d.rows; i += 500) {
        const float *a = rows.observation(i) + d.state_dim, *b = rows.observation(i + 500) + d.state_dim;
        const double ratio = latent_distance(map.at(i), map.at(i + 500), map.width) / latent_distance(a, b, map.width);
        if (factor == 0) factor = ratio;
        CHECK(ratio == doctest::Approx(factor).epsilon(1e-3));
    }
}

TEST_CASE("exported policies: errors name the array that is missing or invalid") {
    const TemporaryFolder folder;
    const std::string good = folder / "good.npz", bad = folder / "bad.npz";
    const Trained trained("iql", Protocol::goal_conditioned);
    save_policy(good, export_policy(*trained.backend, *trained.learner, trained.units, data::Json::object()));
    // Writes the file with one array replaced, or left out if `other` has an empty shape. Loading it must fail.
    auto check_error = [&](const std::string& key, const data::NpyArray& other, const std::string& words) {
        INFO(key);
        const data::NpzReader from(good);
        data::NpzWriter to(bad);
        for (const data::NpzEntry& entry : from.entries()) {
            if (entry.key != key)
                to.add(entry.key, from.read(entry.key), data::Compression::stored);
            else if (!other.shape.empty())
                to.add(key, other, data::Compression::stored);
        }
        to.close();
        CHECK(contains(error_message([&] { load_policy(*trained.backend, bad); }), words));
    };
    auto numbers = [](std::vector<double> values) {
        const auto n = static_cast<int64_t>(values.size());
        return data::NpyArray::from({n}, values);
    };
    const data::NpyArray none{};
    check_error("policy_version", none, "not an exported policy");
    check_error("policy_version", numbers({4}), "version 4 of the format");
    check_error("policy_version", numbers({3}), "high/hidden_layers");
    check_error("policy_version", numbers({2}), "latent_centre");
    check_error("tanh", numbers({3}), "'tanh' is 3, expected 0 or 1");
    check_error("hidden_layers", numbers({1e6}), "which does not match the layers in the file");
    check_error("hidden_layers", numbers({-1}), "which does not match the layers in the file");
    check_error("state_scale", numbers({1, 0}), "has shape (2,), expected (3,)");
    check_error("state_scale", numbers({1, -1, 1}), "negative in column 1");
    check_error("action_scale", numbers({0, 0, 0}), "0 in every column");
    check_error("goal_conditioned", numbers({0}), "'layer0/weight' has shape");
    check_error("layer1/weight", none, "layer1/weight");
    check_error("norm0/gain", none, "norm0/gain");
    check_error("layer0/bias", numbers({}), "expected one number per column");
    const data::NpyArray weight = data::NpzReader(good).read("layer0/weight");
    std::vector<float> values = weight.to<float>("layer0/weight");
    values[5] = NAN;
    check_error("layer0/weight", data::NpyArray::from(weight.shape, values), "not finite");
}
