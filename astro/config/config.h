// All settings of the method, stage by stage: default, unit, meaning, source and legal range.
//
// This is the one place for all hyperparameters. The stages take these structs by const reference. Member defaults are
// those of preset `cpu`; apply_preset sets the others. Keys are `section.name` in flags and config files; the settings
// of `general` have no section. Symbols: l context states, M masked states of the gap, phi the temporal distance
// representation (TDR), n^ a predicted number of steps, d_G n^ closed over the landmark graph, sigma_delta the standard
// deviation of one-step differences over real training rows, in the method's units (data/units.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "astro/config/augmenters.h"
#include "astro/config/evaluation.h"
#include "astro/config/field.h"
#include "astro/config/learners.h"
#include "astro/config/sampling.h"
#include "data/npz.h"
#include "diffusion/noise_schedule.h"

namespace astro::method {

enum class TdrObjective { in_batch, hilp };
enum class DynamicsForm { one_pass, sampled, recurrent };
enum class Attention { causal, full };
enum class UnknownActions { gap, through_context };  // M + 1, or M + l
enum class Selector { tdr, euclid, random };
enum class BridgeLength { fixed, needed, nearest };
enum class TargetOrder { random, nearest };
enum class SelectionDistance { tdr, euclid, euclid_position };

struct GeneralConfig {
    std::string data, env;
    int64_t seed = 0, threads = 0, chunks = 0;
    double unpack_ratio = data::kUnpackRatio;

    template <class V>
    void visit(V& v) {
        v("data", data, "data set: a file, or a name looked up in the data folder", Source::ours, anything());
        v("env", env, "environment, or exec:COMMAND (docs/environments.md); empty: from the data set's name",
          Source::ours, anything());
        v("seed", seed, "seed of every random stream", Source::ours, between(0, 9e15));
        v("threads", threads, "threads, at most one for each processor that the process may use; 0: that many",
          Source::ours, between(0, 1024));
        v("chunks", chunks,
          "pieces of a batch; changes results (the number of threads does not); auto: 8 on the CPU, 1 on a GPU",
          Source::ours, between_or_auto(1, 256));
        v("unpack_ratio", unpack_ratio, data::kUnpackMeaning, Source::ours, at_least(1));
    }
};

struct CheckpointConfig {
    int64_t every = 1000, keep = 2, metrics_every = 50, validate_every = 500;

    template <class V>
    void visit(V& v) {
        v("every", every, "updates between checkpoints; the last is always written", Source::ours,
          between(1, kMaxCount));
        v("keep", keep, "checkpoints kept per stage", Source::ours, between(1, 1000));
        v("metrics_every", metrics_every, "updates between rows of metrics.csv", Source::ours, between(1, kMaxCount));
        v("validate_every", validate_every, "updates between validations", Source::ours, between(1, kMaxCount));
    }
};

// The generator of an environment's data (OGBench, generate_locomaze.py; D4RL, generate_maze2d_datasets.py).
struct CollectConfig {
    std::string env = "auto";
    std::string type = "auto";
    int64_t episodes = 5000, episode_rows = 0, seed = 0;
    double noise = -1;

    template <class V>
    void visit(V& v) {
        v("env", env, "environment that the data come from; auto: the run's --env, else the first built-in one",
          Source::ours, anything());
        v("type", type, "kind of episodes, such as navigate, stitch or explore; auto: the environment's default",
          Source::ogbench, anything());
        v("episodes", episodes, "training episodes; a tenth as many are added for validation", Source::ogbench,
          between(1, kMaxCount));
        v("episode_rows", episode_rows,
          "rows per episode, or their maximum if episodes end at their goal; auto: those of the environment's own "
          "generator",
          Source::ogbench, between_or_auto(2, 1e6));
        v("noise", noise, "std of the noise on actions, which are in [-1, 1]; auto: the environment's", Source::ogbench,
          between_or_auto(0, 10, -1));
        v("seed", seed, "seed of the generator", Source::ours, between(0, 9e15));
    }
};

struct DataConfig {
    double validation_share = .05, std_floor = 1e-3, jump_factor = 5, arrival_steps = 6;
    int64_t arrival_rows = 20;

    template <class V>
    void visit(V& v) {
        v("validation_share", validation_share,
          "share of the episodes (the last ones) held out if there is no -val file", Source::ours, between(.001, .5));
        v("std_floor", std_floor,
          "standard deviation of differences where these are equal or 0, relative to that of the values", Source::ours,
          between(1e-9, 1));
        v("jump_factor", jump_factor,
          "a step longer than this times the 99th percentile of ordinary ones is a jump and ends the episode",
          Source::ours, at_least(1));
        v("arrival_steps", arrival_steps, "travel ends where n^ to the episode's end stays within these steps",
          Source::ours, at_least(0));
        v("arrival_rows", arrival_rows, "last rows whose mean latent is the episode's end", Source::ours,
          between(1, 1e6));
    }
};

struct TdrConfig {
    TdrObjective objective = TdrObjective::in_batch;
    int64_t layers = 3, width = 256, latent = 32, heads = 1;
    int64_t batch_episodes = 32, rows_per_episode = 8, batch = 256, updates = 8000;
    double learning_rate = 1e-3, learning_rate_end = 5e-5, target_rate = .1, gamma = 0, expectile = .9;
    double same_episode_weight = .7, trajectory_goals = .625;
    int64_t calibration_offsets = 64;

    template <class V>
    void visit(V& v) {
        v("objective", objective, "pairs within a batch, or HILP's sampled triples", Source::ours,
          one_of({"in-batch", "hilp"}));
        v("layers", layers, "hidden layers of phi", Source::hilp, between(1, 16));
        v("width", width, "units per hidden layer", Source::ours, between(1, kMaxWidth));
        v("latent", latent, "dimensions of the latent space", Source::hilp, between(1, 1024));
        v("heads", heads, "representations trained in parallel; the first is used", Source::hilp, between(1, 8));
        v("batch_episodes", batch_episodes, "in-batch: episodes per batch", Source::ours, between(2, kMaxWidth));
        v("rows_per_episode", rows_per_episode, "in-batch: rows per episode", Source::ours, between(2, kMaxWidth));
        v("batch", batch, "hilp: triples per batch", Source::hilp, between(1, 65536));
        v("updates", updates, "gradient steps", Source::ours, between(1, kMaxCount));
        v("learning_rate", learning_rate, "initial learning rate of Adam", Source::ours, between(1e-8, 1));
        v("learning_rate_end", learning_rate_end, "final learning rate (linear decay)", Source::ours, between(0, 1));
        v("target_rate", target_rate, "rate of Polyak averaging of the target network", Source::ours, between(1e-6, 1));
        v("gamma", gamma, "discount per step; auto: that of the environment", Source::ours,
          between_or_auto(.5, .99999));
        v("expectile", expectile, "expectile of the value loss (HILP: .95)", Source::ours, between(.5, .9999));
        v("same_episode_weight", same_episode_weight,
          "in-batch: weight of goals later in the same episode; the rest is spread over all pairs", Source::ours,
          between(0, 1));
        v("trajectory_goals", trajectory_goals,
          "hilp: share of goals from the same trajectory (geometric offset); others are random", Source::hilp,
          between(0, 1));
        v("calibration_offsets", calibration_offsets, "offsets 1..n, in steps, that calibrate n^", Source::ours,
          between(2, 4096));
    }
};

struct GraphConfig {
    int64_t landmarks = 1500, pool = 30000;
    double edge = 22;

    template <class V>
    void visit(V& v) {
        v("landmarks", landmarks, "number of landmarks, by farthest-point sampling in the latent space", Source::ours,
          between(2, 20000));
        v("pool", pool, "rows that the landmarks are chosen from", Source::ours, between(2, kMaxCount));
        v("edge", edge, "longest edge between landmarks, in steps n^", Source::ours, at_least(1));
    }
};

// A diffusion transformer and its optimiser (AdamW), shared by dynamics and planner.
struct DenoiserConfig {
    int64_t layers = 2, width = 64, heads = 2;
    int64_t diffusion_steps = 100;
    diffusion::ScheduleKind schedule = diffusion::ScheduleKind::cosine;
    int64_t batch = 128, updates = 1000, warmup = 200;
    double learning_rate = 1e-3, learning_rate_end = 2e-5, weight_decay = 1e-4, gradient_clip = 1, ema_decay = .995;

    template <class V>
    void visit(V& v, double least_updates = 1) {
        v("layers", layers, "transformer blocks", Source::ours, between(1, 64));
        v("width", width, "width of a token", Source::ours, between(2, kMaxWidth));
        v("heads", heads, "attention heads; divides the width", Source::ours, between(1, 64));
        v("diffusion_steps", diffusion_steps, "noise levels T in training", Source::ours, between(1, 4000));
        v("schedule", schedule, "noise schedule", Source::ours, one_of({"cosine", "linear"}));
        v("batch", batch, "windows per batch", Source::ours, between(1, 65536));
        v("updates", updates, least_updates > 0 ? "gradient steps" : "gradient steps; 0: untrained", Source::ours,
          between(least_updates, kMaxCount));
        v("warmup", warmup, "updates in which the learning rate increases from 0", Source::ours, between(0, kMaxCount));
        v("learning_rate", learning_rate, "learning rate of AdamW after the warm-up", Source::ours, between(1e-8, 1));
        v("learning_rate_end", learning_rate_end, "final learning rate (cosine decay)", Source::ours, between(0, 1));
        v("weight_decay", weight_decay, "AdamW's decoupled weight decay", Source::ours, between(0, 1));
        v("gradient_clip", gradient_clip, "maximum norm of a gradient (clipping)", Source::ours, between(1e-6, 1e6));
        v("ema_decay", ema_decay,
          "decay of the exponential moving average of the weights (smaller in the first updates)", Source::ours,
          between(0, .999999));
    }
};

struct DynamicsConfig {
    DynamicsForm form = DynamicsForm::one_pass;
    Attention attention = Attention::causal;
    double one_pass_share = 1, rollout_share = 0;
    int64_t ensemble = 1, loop_steps = 5, final_steps = 20;
    DenoiserConfig network;

    template <class V>
    void visit(V& v) {
        v("form", form,
          "how a rollout is computed: by the transformer in one pass from zeros or by denoising, or step after step by "
          "a network that predicts one step",
          Source::paper, one_of({"one-pass", "sampled", "recurrent"}));
        v("attention", attention, "actions that a predicted state depends on: earlier ones, or all", Source::ours,
          one_of({"causal", "full"}));
        v("one_pass_share", one_pass_share, "share of a batch trained at t = T from zeros; 1: regression", Source::ours,
          between(0, 1));
        v("rollout_share", rollout_share,
          "recurrent: share of the updates, the last ones, that train through whole rollouts", Source::ours,
          between(0, 1));
        v("ensemble", ensemble,
          "number of networks; with several, bridges have their mean states, and acceptance also tests their "
          "disagreement",
          Source::ours, between(1, 16));
        v("loop_steps", loop_steps, "sampled: denoising steps inside the planner's loop", Source::ours,
          between(1, 4000));
        v("final_steps", final_steps, "sampled: denoising steps of the final rollout", Source::ours, between(1, 4000));
        network.visit(v);
    }
};

struct PlannerConfig {
    int64_t gap = 16, context = 16;
    int64_t window() const { return 2 * context + gap; }  // rows
    UnknownActions unknown = UnknownActions::gap;
    bool random_gap = false;
    int64_t denoising_steps = 10;
    bool feedback = true, self_conditioning = true;
    double joint_weight = 1;
    double feedback_clip = 5;
    SamplingConfig sampling;  // a separate section
    DenoiserConfig network = [] {
        DenoiserConfig planner;
        planner.batch = 64, planner.updates = 3000;
        return planner;
    }();

    template <class V>
    void visit(V& v) {
        v("gap", gap, "masked states M of a bridge; it has M + 1 actions", Source::paper, between(1, 512));
        v("context", context, "known states l on either side of the gap", Source::paper, between(2, 512));
        v("unknown", unknown, "actions that are denoised: M+1 (the gap) or M+l (through the target context)",
          Source::ours, one_of({"M+1", "M+l"}));
        v("random_gap", random_gap, "draw the gap of each batch from {M/2, 3M/4, M}", Source::ours, anything());
        v("denoising_steps", denoising_steps, "denoising steps, in training (self-conditioning) and sampling",
          Source::ours, between(1, 4000));
        v("feedback", feedback, "the planner reads the rollout's deviation from the target context", Source::paper,
          anything());
        v("self_conditioning", self_conditioning,
          "train half of each batch with the deviation of an estimate from a noisier level", Source::ours, anything());
        v("joint_weight", joint_weight, "weight of the deviation loss through the frozen dynamics; 0: off",
          Source::paper, between(0, 1000));
        v("feedback_clip", feedback_clip, "bound on the deviation in feedback, in units of 2 sigma_delta", Source::ours,
          between(.01, 1000));
        network.visit(v, 0);
    }
};

struct SelectionConfig {
    SelectionDistance distance = SelectionDistance::tdr;
    Selector selector = Selector::tdr;
    double delta_threshold = 1, target_share = .6;
    BridgeLength bridge_length = BridgeLength::fixed;
    TargetOrder order = TargetOrder::random;
    int64_t candidates = 256, cuts = 1, probes = 1, pair_cap = 4;

    template <class V>
    void visit(V& v) {
        v("distance", distance,
          "distance for targets, lengths of bridges and the chain rule: the TDR's, or the Euclidean one in sigma_delta "
          "over all columns or the position columns; each is calibrated, and closed over its own landmarks",
          Source::ours, one_of({"tdr", "euclid", "euclid-position"}));
        v("selector", selector, "rule that decides whether a target is reachable", Source::paper,
          one_of({"tdr", "euclid", "random"}));
        v("bridge_length", bridge_length,
          "always M + 1 actions; or the shortest of M/2, 3M/4, M that n_cal allows; or the one of these at which the "
          "source's own episode is nearest to the target",
          Source::ours, one_of({"fixed", "needed", "nearest"}));
        v("cuts", cuts, "cuts drawn for a bridge; their targets are tried together", Source::ours, between(1, 1000));
        v("order", order,
          "targets of a cut are tried in random order, or those nearest to the source's own future first", Source::ours,
          one_of({"random", "nearest"}));
        v("probes", probes,
          "targets that a bridge is planned to with few steps (sampling.probe_steps); the one that arrives best is "
          "tried; 1: no probes",
          Source::ours, between(1, 1000));
        v("delta_threshold", delta_threshold,
          "largest (M+1 - n_cal) / (M+1) of a target: 1 sets no lower bound (measured best, docs/method.md 7.2), .75 "
          "requires at least a quarter of M + 1 steps",
          Source::paper, between(0, 1));
        v("target_share", target_share, "targets lie in this first share of their episode's travel", Source::ours,
          between(.01, 1));
        v("candidates", candidates, "targets drawn for a source before the chain rule", Source::ours, between(1, 1e6));
        v("pair_cap", pair_cap, "maximum number of accepted bridges per pair of landmarks", Source::ours,
          between(1, 1e6));
    }
};

struct Config {
    GeneralConfig general;
    EnvironmentConfig env;
    CheckpointConfig checkpoint;
    CollectConfig collect;
    DataConfig data;
    TdrConfig tdr;
    GraphConfig graph;
    DynamicsConfig dynamics;
    PlannerConfig planner;
    SelectionConfig selection;
    AugmentConfig augment;
    StraightConfig straight;
    SwapConfig swap;
    PolicyConfig policy;
    RelabelConfig relabel;
    GcbcConfig gcbc;
    HgcbcConfig hgcbc;
    ValueConfig value;
    IqlConfig iql;
    Td3BcConfig td3bc;
    CqlConfig cql;
    GcivlConfig gcivl;
    HiqlConfig hiql;
    EvaluateConfig evaluate;
    OneStepConfig one_step;
    MetricsConfig metrics;
    ExperimentConfig experiment;

    // Calls v.section(name, title, settings) for each part, in this order.
    template <class V>
    void visit(V& v) {
        v.section("", "General", general);
        v.section("env", "Environment", env);
        v.section("checkpoint", "Checkpoints and curves", checkpoint);
        v.section("collect", "Data generator", collect);
        v.section("data", "Data preparation", data);
        v.section("tdr", "Temporal distance representation", tdr);
        v.section("graph", "Landmark graph", graph);
        v.section("dynamics", "Dynamics model", dynamics);
        v.section("planner", "Stitch planner", planner);
        v.section("sampling", "Sampling of bridges", planner.sampling);
        v.section("selection", "Target selection", selection);
        v.section("augment", "Augmentation: chains, acceptance, seam", augment);
        v.section("straight", "Straight bridges: inverse model", straight);
        v.section("swap", "Goals swapped between episodes that meet", swap);
        v.section("policy", "Policy learning", policy);
        v.section("relabel", "Relabelling of goals", relabel);
        v.section("gcbc", "Goal-conditioned behaviour cloning", gcbc);
        v.section("hgcbc", "Hierarchical behaviour cloning: further to gcbc", hgcbc);
        v.section("value", "Value learners: networks and optimiser", value);
        v.section("iql", "IQL", iql);
        v.section("td3bc", "TD3+BC", td3bc);
        v.section("cql", "CQL", cql);
        v.section("gcivl", "GCIVL", gcivl);
        v.section("hiql", "HIQL", hiql);
        v.section("evaluate", "Evaluation", evaluate);
        v.section("one_step", "One-step models: baseline and judges", one_step);
        v.section("metrics", "Measurements and warnings", metrics);
        v.section("experiment", "Experiments: arms and learners", experiment);
    }
};

const std::vector<std::string>& preset_names();  // tiny, cpu, small, base

// Sets what the table of presets.cpp names (docs/method.md 13); other fields keep their values.
// Throws Error(usage) for an unknown name.
void apply_preset(Config& config, const std::string& name);

// Rejects invalid combinations of settings: Error(usage) names the fields.
void check(const Config& config);
// Rejects a learner without a form for the protocol or the rule of relabelling. It is separate from check() because
// `train policy` and `run` take their learners from different settings.
void check_learner(const std::string& learner, const Config& config);

// Resolve `auto` (0) by the row of the environment, or by that of one which it resembles (data::defaults_for).
double resolve_gamma(double gamma, std::string_view environment);
int64_t resolve_gcbc_updates(const Config& config, std::string_view environment);
int64_t resolve_one_step_updates(const Config& config);  // as many as the dynamics has

}  // namespace astro::method
