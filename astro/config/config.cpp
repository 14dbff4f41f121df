#include "astro/config/config.h"

#include <algorithm>

#include "tensor/base/error.h"

namespace astro::method {
namespace {

bool names_maze(std::string_view environment, std::string_view maze) {
    return environment.find(maze) != std::string_view::npos;
}

void set_network(DenoiserConfig& network, int64_t layers, int64_t width, int64_t heads, int64_t batch,
                 int64_t updates) {
    network.layers = layers;
    network.width = width;
    network.heads = heads;
    network.batch = batch;
    network.updates = updates;
}

void set_optimiser(DenoiserConfig& network, double learning_rate, int64_t warmup, double learning_rate_end,
                   double ema_decay) {
    network.learning_rate = learning_rate;
    network.warmup = warmup;
    network.learning_rate_end = learning_rate_end;
    network.ema_decay = ema_decay;
}

// Values common to the presets for a CPU.
void set_processor_values(Config& config) {
    config.tdr.objective = TdrObjective::in_batch;
    config.tdr.heads = 1;
    config.tdr.target_rate = .1;
    config.tdr.learning_rate = 1e-3;
    config.tdr.learning_rate_end = 5e-5;
    config.tdr.rows_per_episode = 8;
    config.tdr.expectile = .9;
    config.dynamics.form = DynamicsForm::one_pass;
    config.dynamics.one_pass_share = 1;
    config.dynamics.ensemble = 1;
    config.planner.unknown = UnknownActions::gap;
    config.augment.bridge_candidates = 2;
    config.value = ValueConfig();
}

void set_tiny(Config& config) {
    set_processor_values(config);
    config.tdr.layers = 2;
    config.tdr.width = 32;
    config.tdr.latent = 8;
    config.tdr.batch_episodes = 8;
    config.tdr.updates = 500;
    config.graph.landmarks = 200;
    config.graph.pool = 5000;
    config.planner.context = config.planner.gap = 8;
    config.planner.denoising_steps = 5;
    set_network(config.dynamics.network, 1, 32, 2, 32, 200);
    set_network(config.planner.network, 1, 32, 2, 32, 300);
    set_optimiser(config.dynamics.network, 1e-3, 20, 2e-5, .99);
    set_optimiser(config.planner.network, 1e-3, 20, 2e-5, .99);
    config.augment.depth = 4;
    config.augment.chains = 32;
    config.augment.ratio = .1;
    config.gcbc.layers = 2;
    config.gcbc.width = 64;
    config.gcbc.batch = 64;
    config.gcbc.updates = 1000;
    config.value.updates = 300;
    config.evaluate.episodes = 2;
}

// Values common to all presets except tiny.
void set_full_values(Config& config) {
    config.tdr.layers = 3;
    config.graph.landmarks = 1500;
    config.graph.pool = 30000;
    config.planner.context = config.planner.gap = 16;
    config.augment.depth = 16;
    config.augment.chains = 256;
    config.augment.ratio = 1;
    config.gcbc.layers = 3;
}

void set_cpu(Config& config) {
    set_processor_values(config);
    set_full_values(config);
    config.tdr.width = 256;
    config.tdr.latent = 32;
    config.tdr.batch_episodes = 32;
    config.tdr.updates = 8000;
    config.planner.denoising_steps = 10;
    set_network(config.dynamics.network, 2, 64, 2, 128, 1000);
    set_network(config.planner.network, 2, 64, 2, 64, 3000);
    set_optimiser(config.dynamics.network, 1e-3, 200, 2e-5, .995);
    set_optimiser(config.planner.network, 1e-3, 200, 2e-5, .995);
    config.gcbc.width = 256;
    config.gcbc.batch = 256;
    config.gcbc.updates = 0;
    config.value.updates = 10000;
    config.evaluate.episodes = 20;
}

// Values common to presets small and base, which need a GPU to finish within a day.
void set_large_values(Config& config) {
    set_full_values(config);
    config.tdr.objective = TdrObjective::hilp;
    config.tdr.expectile = .95;
    config.tdr.heads = 2;
    config.tdr.target_rate = .005;
    config.tdr.learning_rate = config.tdr.learning_rate_end = 3e-4;
    config.dynamics.form = DynamicsForm::sampled;
    config.dynamics.one_pass_share = .1;
    config.dynamics.ensemble = 3;
    config.planner.unknown = UnknownActions::through_context;
    config.planner.denoising_steps = 20;
    set_optimiser(config.dynamics.network, 3e-4, 1000, 1e-5, .999);
    set_optimiser(config.planner.network, 3e-4, 1000, 1e-5, .999);
    config.augment.bridge_candidates = 8;
    config.gcbc.width = 512;
    config.gcbc.batch = 1024;
    // CORL's settings with OGBench's four layers of 512 and layer normalisation.
    config.value.actor_layers = config.value.critic_layers = 4;
    config.value.actor_width = config.value.critic_width = 512;
    config.value.actor_layer_norm = config.value.critic_layer_norm = true;
    config.value.learning_rate = config.value.learning_rate_end = 3e-4;
    config.value.target_rate = .005;
    config.evaluate.episodes = 50;
}

void set_small(Config& config) {
    set_large_values(config);
    config.tdr.width = 256;
    config.tdr.latent = 16;
    config.tdr.batch = 256;
    config.tdr.updates = 50000;
    set_network(config.dynamics.network, 3, 128, 4, 256, 50000);
    set_network(config.planner.network, 4, 128, 4, 256, 100000);
    config.gcbc.updates = 100000;
    config.value.updates = 100000;
}

void set_base(Config& config) {
    set_large_values(config);
    config.tdr.width = 512;
    config.tdr.latent = 32;
    config.tdr.batch = 1024;
    config.tdr.updates = 1000000;
    set_network(config.dynamics.network, 6, 256, 4, 256, 300000);
    set_network(config.planner.network, 8, 256, 4, 256, 500000);
    config.gcbc.updates = 1000000;
    config.value.updates = 1000000;
}

void check_network(const char* section, const DenoiserConfig& network) {
    if (network.width % (2 * network.heads) != 0)
        fail(ErrorKind::usage, section, ".width ", network.width, " must be a multiple of 2 ", section,
             ".heads = ", 2 * network.heads);
    if (network.learning_rate_end > network.learning_rate)
        fail(ErrorKind::usage, section, ".learning_rate_end ", network.learning_rate_end, " is above ", section,
             ".learning_rate ", network.learning_rate);
}

}  // namespace

const std::vector<std::string>& preset_names() {
    static const std::vector<std::string> names = {"tiny", "cpu", "small", "base"};
    return names;
}

void apply_preset(Config& config, const std::string& name) {
    if (name == "tiny") return set_tiny(config);
    if (name == "cpu") return set_cpu(config);
    if (name == "small") return set_small(config);
    if (name == "base") return set_base(config);
    fail(ErrorKind::usage, "unknown preset '", name, "': expected tiny, cpu, small or base");
}

void check(const Config& config) {
    check_network("dynamics", config.dynamics.network);
    check_network("planner", config.planner.network);
    if (config.dynamics.form == DynamicsForm::sampled && config.dynamics.one_pass_share >= 1)
        fail(ErrorKind::usage,
             "dynamics.form sampled needs dynamics.one_pass_share below 1: at 1 the network reads only "
             "zeros "
             "and learns no denoising");
    if (config.dynamics.form == DynamicsForm::one_pass && config.dynamics.one_pass_share <= 0)
        fail(ErrorKind::usage, "dynamics.form one-pass needs dynamics.one_pass_share above 0");
    if (std::max(config.dynamics.loop_steps, config.dynamics.final_steps) > config.dynamics.network.diffusion_steps)
        fail(ErrorKind::usage, "dynamics.loop_steps and dynamics.final_steps must not exceed dynamics.diffusion_steps ",
             config.dynamics.network.diffusion_steps);
    if (config.planner.denoising_steps > config.planner.network.diffusion_steps)
        fail(ErrorKind::usage, "planner.denoising_steps ", config.planner.denoising_steps,
             " must not exceed planner.diffusion_steps ", config.planner.network.diffusion_steps);
    if (config.planner.random_gap && config.planner.gap % 4 != 0)
        fail(ErrorKind::usage, "planner.random_gap needs planner.gap to be a multiple of 4, not ",
             config.planner.gap);
    if (config.graph.landmarks > config.graph.pool)
        fail(ErrorKind::usage, "graph.landmarks ", config.graph.landmarks, " exceeds graph.pool ",
             config.graph.pool);
    if (config.value.current_goals + config.value.trajectory_goals > 1)
        fail(ErrorKind::usage, "value.current_goals + value.trajectory_goals must not exceed 1");
}

void check_learner(const std::string& learner, Protocol protocol) {
    if (learner == "gcbc" && protocol == Protocol::single_task)
        fail(ErrorKind::usage, "learner gcbc has no single-task form; hint: use iql, td3bc or cql");
}

double resolve_gamma(double gamma, std::string_view environment) {
    if (gamma != 0) return gamma;
    if (const data::Environment* known = data::find_environment(environment)) return known->spec().gamma;
    return names_maze(environment, "medium") ? .99 : names_maze(environment, "giant") ? .998 : .995;
}

int64_t resolve_gcbc_updates(const Config& config, std::string_view environment) {
    if (config.gcbc.updates != 0) return config.gcbc.updates;
    if (const data::Environment* known = data::find_environment(environment)) return known->spec().gcbc_updates;
    return names_maze(environment, "giant") ? 40000 : 20000;
}

}  // namespace astro::method
