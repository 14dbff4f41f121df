#include <algorithm>

#include "astro/config/config.h"
#include "tensor/base/error.h"
#include "tensor/base/rows.h"

namespace astro::method {
namespace {

// Assigns to a setting the value in the column of one preset.
class Columns {
    template <class T>
    struct Same {
        using type = T;
    };
    template <class T>
    using Value = typename Same<T>::type;  // not deduced: only `setting` determines T

  public:
    explicit Columns(size_t preset) : preset_(preset) {}

    template <class T>
    void operator()(T& setting, Value<T> tiny, Value<T> cpu, Value<T> small, Value<T> base) const {
        const T columns[] = {tiny, cpu, small, base};
        setting = columns[preset_];
    }

  private:
    size_t preset_;  // index in preset_names()
};

// The settings that differ between presets (docs/method.md 13). tiny is for tests. cpu contains the defaults. small and
// base need a GPU to finish within a day: they use HILP's objective, and CORL's settings with four layers of width 512
// and layer normalisation as in OGBench.
// clang-format off
void set_columns(Config& c, const Columns& set) {
    constexpr auto in_batch = TdrObjective::in_batch, hilp = TdrObjective::hilp;
    constexpr auto one_pass = DynamicsForm::one_pass, sampled = DynamicsForm::sampled;
    constexpr auto to_gap_end = UnknownActions::gap, through_context = UnknownActions::through_context;
    DenoiserConfig &d = c.dynamics.network, &p = c.planner.network;
    //                                tiny        cpu         small             base
    set(c.tdr.objective,              in_batch,   in_batch,   hilp,             hilp);
    set(c.tdr.heads,                  1,          1,          2,                2);
    set(c.tdr.layers,                 2,          3,          3,                3);
    set(c.tdr.width,                  32,         256,        256,              512);
    set(c.tdr.latent,                 8,          32,         16,               32);
    set(c.tdr.batch_episodes,         8,          32,         32,               32);
    set(c.tdr.batch,                  256,        256,        256,              1024);
    set(c.tdr.updates,                500,        8000,       50000,            1000000);
    set(c.tdr.learning_rate,          1e-3,       1e-3,       3e-4,             3e-4);
    set(c.tdr.learning_rate_end,      5e-5,       5e-5,       3e-4,             3e-4);
    set(c.tdr.target_rate,            .1,         .1,         .005,             .005);
    set(c.tdr.expectile,              .9,         .9,         .95,              .95);

    set(c.graph.landmarks,            200,        1500,       1500,             1500);
    set(c.graph.pool,                 5000,       30000,      30000,            30000);

    set(c.dynamics.form,              one_pass,   one_pass,   sampled,          sampled);
    set(c.dynamics.one_pass_share,    1,          1,          .1,               .1);
    set(c.dynamics.ensemble,          1,          1,          3,                3);
    set(d.layers,                     1,          2,          3,                6);
    set(d.width,                      32,         64,         128,              256);
    set(d.heads,                      2,          2,          4,                4);
    set(d.batch,                      32,         128,        256,              256);
    set(d.updates,                    200,        1000,       50000,            300000);
    set(d.warmup,                     20,         200,        1000,             1000);
    set(d.learning_rate,              1e-3,       1e-3,       3e-4,             3e-4);
    set(d.learning_rate_end,          2e-5,       2e-5,       1e-5,             1e-5);
    set(d.ema_decay,                  .99,        .995,       .999,             .999);

    set(c.planner.gap,                8,          16,         16,               16);
    set(c.planner.context,            8,          16,         16,               16);
    set(c.planner.unknown,            to_gap_end, to_gap_end, through_context,  through_context);
    set(c.planner.denoising_steps,    5,          10,         20,               20);
    set(p.layers,                     1,          2,          4,                8);
    set(p.width,                      32,         64,         128,              256);
    set(p.heads,                      2,          2,          4,                4);
    set(p.batch,                      32,         64,         256,              256);
    set(p.updates,                    300,        3000,       100000,           500000);
    set(p.warmup,                     20,         200,        1000,             1000);
    set(p.learning_rate,              1e-3,       1e-3,       3e-4,             3e-4);
    set(p.learning_rate_end,          2e-5,       2e-5,       1e-5,             1e-5);
    set(p.ema_decay,                  .99,        .995,       .999,             .999);

    set(c.augment.depth,              4,          16,         16,               16);
    set(c.augment.chains,             32,         256,        256,              256);
    set(c.augment.ratio,              .1,         1,          1,                1);
    set(c.augment.bridge_candidates,  2,          2,          8,                8);

    set(c.straight.width,             32,         128,        256,              512);
    set(c.straight.batch,             64,         256,        256,              256);
    set(c.straight.updates,           300,        5000,       50000,            300000);

    set(c.gcbc.layers,                2,          3,          3,                3);
    set(c.gcbc.width,                 64,         256,        512,              512);
    set(c.gcbc.batch,                 64,         256,        1024,             1024);
    set(c.gcbc.updates,               1000,       0,          100000,           1000000);

    set(c.value.actor_layers,         3,          3,          4,                4);
    set(c.value.actor_width,          256,        256,        512,              512);
    set(c.value.actor_layer_norm,     false,      false,      true,             true);
    set(c.value.critic_layers,        3,          3,          4,                4);
    set(c.value.critic_width,         128,        128,        512,              512);
    set(c.value.updates,              300,        10000,      100000,           1000000);
    set(c.value.learning_rate,        1e-3,       1e-3,       3e-4,             3e-4);
    set(c.value.learning_rate_end,    0,          0,          3e-4,             3e-4);
    set(c.value.target_rate,          .05,        .05,        .005,             .005);

    set(c.one_step.width,             32,         128,        256,              512);
    set(c.one_step.batch,             64,         256,        256,              256);

    set(c.evaluate.episodes,          2,          20,         50,               50);
}
// clang-format on

}  // namespace

const std::vector<std::string>& preset_names() {
    static const std::vector<std::string> names = {"tiny", "cpu", "small", "base"};
    return names;
}

void apply_preset(Config& config, const std::string& name) {
    const std::vector<std::string>& names = preset_names();
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) fail(ErrorKind::usage, "unknown preset '", name, "': expected ", alternatives(names));
    set_columns(config, Columns(to_size(found - names.begin())));
}

}  // namespace astro::method
