// The interface of an environment, which is built in or runs in a child process. Other folders include only this
// header, not those of data/environments/. CONTRIBUTING.md explains how to add an environment, docs/environments.md how
// to use a simulator in a child process.
//
// All functions that step the system are batched, because one call per row would be too slow for a child process.
// States are (n, state_dim) and actions (n, action_dim), row-major, in the units of the data set. Evaluations clip
// actions to EnvironmentSpec::action_limit.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "data/dataset.h"
#include "tensor/base/threads.h"

namespace astro {

// goal_conditioned: the goal is an input of the policy, and success depends on s'. single_task: the task is fixed, and
// success depends on s (OGBench).
enum class Protocol { goal_conditioned, single_task };

}  // namespace astro

namespace astro::data {

struct EnvironmentSpec {
    std::string name;  // "pointmaze-medium-v0"
    int64_t state_dim = 0, action_dim = 0;
    std::vector<int64_t> position;  // the two columns of a state that are x and y; empty: there is no position
    // If positive, the first qpos_columns columns of a state are the simulator's whole qpos, and the others its whole
    // qvel. Files then store qpos (and qvel), and a replay starts from them. 0: states are not made of qpos and qvel.
    int64_t qpos_columns = 0;
    int64_t tasks = 0;              // numbered from 1
    int64_t step_limit = 0;         // steps per episode
    bool reports_success = false;   // success is Agents::arrived, not computed from `tolerance`
    double tolerance = 0;           // success is distance() <= tolerance; may be 0 if the environment reports success
    bool ends_with_success = true;  // false: an episode continues to the step limit, and its rewards are summed (D4RL)
    // Returns (sums of rewards per episode) for the normalised scores 0 and 100 (D4RL); equal: there are no scores.
    double random_return = 0, expert_return = 0;
    double action_limit = 1;             // actions are clipped to [-action_limit, action_limit]
    std::string data_type;               // default type of generated data; empty: there is only one type
    double gamma = .995;                 // discount per step for the setting `auto`
    int64_t policy_updates = 20000;      // updates of cloning for the setting `auto`
    int64_t agents_at_once = 0;          // largest number of agents that exist at the same time; 0: no limit
    int64_t replay_rows = 0;             // most real transitions that a violation rate is measured on; 0: all
    int64_t qpos_dim = 0, qvel_dim = 0;  // columns of the file's qpos and qvel, if the environment has a stored_step
};

struct Episode {
    int64_t task = 0;                 // from 1
    std::vector<double> start, goal;  // states (state_dim)
    // Protocol and seed with which the episode was drawn. An environment that cannot be put into a given start uses
    // them to draw the same episode again.
    Protocol protocol = Protocol::goal_conditioned;
    int64_t seed = 0;
};

// A batch of n agents, each in its own episode, as returned by Environment::reset.
class Agents {
  public:
    virtual ~Agents() = default;
    // The last observation of each agent, (n, state_dim). It may differ from the agent's state (portals), so the agents
    // keep their own states.
    virtual const std::vector<double>& states() const = 0;
    // (n), 1 for each agent that is at its goal, if spec().reports_success; else empty.
    virtual const std::vector<uint8_t>& arrived() const {
        static const std::vector<uint8_t> none;
        return none;
    }
    // One step of some agents, given by their indices in the batch, with actions (agents.size(), action_dim).
    virtual void step(const std::vector<int64_t>& agents, const std::vector<double>& actions) = 0;
};

// Transitions from stored states, independent of each other and without effects that belong to an episode (portals):
// states (n, state_dim) and actions (n, action_dim) -> next states (n, state_dim).
using ExactStep =
    std::function<std::vector<double>(const std::vector<double>& states, const std::vector<double>& actions)>;
// The same for environments whose observations are only a part of the state: qpos (n, qpos_dim) and qvel (n, qvel_dim)
// from the file, observations and actions -> next observations.
using StoredStep =
    std::function<std::vector<double>(const std::vector<double>& qpos, const std::vector<double>& qvel,
                                      const std::vector<double>& states, const std::vector<double>& actions)>;
// Geodesic distances from one state to others, in the environment's units; negative if there is no path.
using Geodesics = std::function<std::vector<double>(const float* from, const std::vector<const float*>& to)>;
// Actions of an expert that goes to the goal on a shortest path: states and goals (n, state_dim) -> (n, action_dim). It
// shows how few steps are needed, up to the expert's own detours.
using Expert = std::function<std::vector<double>(const std::vector<double>& states, const std::vector<double>& goals)>;

// Reward of a state for a goal. Evaluations use the state after a step, data sets the state of the row itself (D4RL).
// A task with such a reward does not end. Null: the reward is success - 1, and success ends the task (OGBench).
using Reward = std::function<double(const double* state, const double* goal)>;

// The environment from above, in the plane of the position columns.
struct WorldPicture {
    struct Rectangle {
        double x = 0, y = 0, width = 0, height = 0;  // x and y: the lower left corner
    };
    Rectangle bounds;
    std::vector<Rectangle> walls;
    bool confines = true;       // no state lies in a wall or out of bounds; false: walls and bounds are only drawn
    double spacing = 1;         // distance between neighbouring `states`
    std::vector<float> states;  // (n, state_dim), a grid over the reachable part of the plane; or empty
};

// Settings of a data generator.
struct CollectSpec {
    std::string type;  // "navigate", "stitch" or "explore"; "auto": the environment's default
    int64_t episodes = 0;
    int64_t episode_rows = 0;  // rows per episode, one more than transitions; 0: the environment's default
    double noise = 0;          // standard deviation of the noise on actions; negative: the environment's default
    uint64_t seed = 0;
};
// part: "train" or "val", which use different random streams. The result does not depend on the number of threads.
// Error(usage) for an unknown type.
using Generator = std::function<Dataset(const CollectSpec& spec, std::string_view part, ThreadPool& threads)>;

class Environment {
  public:
    virtual ~Environment() = default;

    const EnvironmentSpec& spec() const { return spec_; }
    // True if `name` is a name of this environment or of one of its data sets.
    virtual bool has_name(std::string_view name) const { return name == spec_.name; }
    // True if the defaults of this environment also suit the one of that name, which is not built in: another agent in
    // the same maze.
    virtual bool resembles(std::string_view) const { return false; }

    // Start and goal of a task (numbered from 1), without noise.
    virtual Episode task(int64_t number) const = 0;
    // `each` episodes for each task, in order of tasks. Starts and goals depend only on the task, the index of the
    // episode, the protocol and the seed, so all policies are evaluated on the same episodes.
    virtual std::vector<Episode> draw_episodes(const std::vector<int64_t>& tasks, int64_t each, Protocol protocol,
                                               uint64_t seed) const = 0;
    // Episodes from random starts to random goals, of no task (task 0), for policies whose goal is an input. Empty if
    // the environment does not have them.
    virtual std::vector<Episode> draw_pairs(int64_t /*pairs*/, uint64_t /*seed*/) const { return {}; }
    // Agents at the starts of the episodes; at most spec().agents_at_once episodes. seed: of random events during the
    // episodes.
    virtual std::unique_ptr<Agents> reset(const std::vector<Episode>& episodes, uint64_t seed) const = 0;
    // Euclidean distance between a state and a goal over the position columns, or over all columns if there are none.
    virtual double distance(const double* state, const double* goal) const;
    bool success(const double* state, const double* goal) const { return distance(state, goal) <= spec_.tolerance; }

    // Most rows of an episode that `generate` makes with these settings. Error(usage) for an unknown type.
    virtual int64_t longest_generated(const CollectSpec& spec) const { return spec.episode_rows; }

    // Optional functions; null if the environment does not have them.
    ExactStep exact_step;
    StoredStep stored_step;
    Reward reward;
    Geodesics geodesics;
    Expert expert;
    Generator generate;
    virtual const WorldPicture* picture() const { return nullptr; }

  protected:
    EnvironmentSpec spec_;
};

// Settings for simulators in child processes. Results do not depend on them.
struct ProcessSettings {
    int64_t processes = 1;
    double timeout = 60;  // seconds per answer
};

// Adds an environment to the built-in ones during the lifetime of this object. It takes precedence over built-in
// environments with the same name. Not thread-safe: create it before threads start.
class AddedEnvironment {
  public:
    explicit AddedEnvironment(std::unique_ptr<Environment> environment);
    ~AddedEnvironment();
    AddedEnvironment(const AddedEnvironment&) = delete;
    AddedEnvironment& operator=(const AddedEnvironment&) = delete;

  private:
    const Environment* added_;
};

// True for names of the form "exec:COMMAND": an environment that runs in child processes (docs/environments.md).
bool is_process_name(std::string_view name);
// What runs are identified by: the name, or "exec:" for any command. Another command may start the same simulator, for
// example after a run has moved; once it has started, its name is compared.
inline std::string environment_identity(std::string_view name) {
    return is_process_name(name) ? "exec:" : std::string(name);
}
// Starts the processes of "exec:COMMAND"; null for other names. AddedEnvironment makes the environment known to
// find_environment. Error(io) if the processes do not start or do not describe an environment.
std::unique_ptr<Environment> make_process_environment(std::string_view name, const ProcessSettings& settings);

// Finds an environment by its name ("pointmaze-medium-v0") or by the name of a data set ("pointmaze-medium-stitch-v0").
// Null if there is none. Built-in environments exist until the program ends.
const Environment* find_environment(std::string_view name);
std::vector<std::string> environment_names();
// The first of the table: its data are collected by `astro run` without a data set and without --env.
const std::string& default_environment();
// The same, but Error(usage) with `message` and a list of the environments instead of null.
// built_in: if set, exec:COMMAND is not accepted.
const Environment& require_environment(std::string_view name, const std::string& message, bool built_in = false);

// The row whose defaults (gamma, policy_updates) apply to a name: that of the environment of this name, else of the
// first one that resembles it, else a row with the defaults of EnvironmentSpec.
const EnvironmentSpec& defaults_for(std::string_view name);

// Error(data) if the dimensions of states or actions differ. source: name of the file in the message.
void check_dimensions(const Environment& environment, const Dataset& dataset, const std::string& source);

// The state of the simulator on a row: qpos (and qvel) if the file contains them and spec.qpos_columns > 0, else the
// observation. An observation may lag behind (portals; D4RL's generator after an arrival). state: (state_dim).
void simulator_state(const EnvironmentSpec& spec, const Dataset& dataset, int64_t row, double* state);

// D4RL's normalised score 100 (sum_of_rewards - random_return) / (expert_return - random_return).
double normalised_score(const EnvironmentSpec& spec, double sum_of_rewards);

// The name of a data set of this type ("auto": the environment's default): "pointmaze-medium-stitch-v0" (OGBench), or
// the environment's name if there is only one type (D4RL).
std::string dataset_name(const Environment& environment, const std::string& type);

}  // namespace astro::data
