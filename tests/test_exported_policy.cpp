// Exported policies: the library and the header for other programs compute the same actions as the learner.
#include <doctest/doctest.h>

#include "astro/learners/exported_policy.h"
#include "data/npz.h"
#include "examples/policy/policy.h"
#include "tests/error_message.h"
#include "tests/temporary_folder.h"

using namespace astro;
using namespace astro::method;
using namespace astro::method::learners;

namespace {

// Three state columns, of which the second is constant, and three action columns, of which the first is constant. None
// is in the units of the method.
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
    for (const std::string name : {"gcbc", "td3bc", "iql", "cql"})
        for (Protocol protocol : {Protocol::goal_conditioned, Protocol::single_task}) {
            if (name == "gcbc" && protocol == Protocol::single_task) continue;
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
    check_error("policy_version", numbers({2}), "version 2 of the format");
    check_error("tanh", numbers({3}), "'tanh' is 3, expected 0 or 1");
    check_error("hidden_layers", numbers({1e6}), "which the file has not");
    check_error("hidden_layers", numbers({-1}), "which the file has not");
    check_error("state_scale", numbers({1, 0}), "has shape (2,), expected (3,)");
    check_error("state_scale", numbers({1, -1, 1}), "negative in column 1");
    check_error("action_scale", numbers({0, 0, 0}), "0 in every column");
    check_error("goal_conditioned", numbers({0}), "'layer0/weight' has shape");
    check_error("layer1/weight", none, "layer1/weight");
    check_error("norm0/gain", none, "norm0/gain");
    check_error("layer0/bias", numbers({}), "expected one number a column");
    const data::NpyArray weight = data::NpzReader(good).read("layer0/weight");
    std::vector<float> values = weight.to<float>("layer0/weight");
    values[5] = NAN;
    check_error("layer0/weight", data::NpyArray::from(weight.shape, values), "not finite");
}
