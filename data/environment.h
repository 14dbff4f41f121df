// An environment, built in or in a child process, as evaluation, measurements and commands see it. Nothing else of it
// is seen outside data/environments/. How to add one: CONTRIBUTING.md; any simulator as a child: docs/environments.md.
//
// Everything that moves the system is batched: a call for each row would rule out an environment in a child process.
// States are (n, state_dim) and actions (n, action_dim), row-major; actions are in [-1, 1].
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

// Goals as inputs of the policy, success judged on s'; or one fixed task, success judged on s (OGBench).
enum class Protocol { goal_conditioned, single_task };

}  // namespace astro

namespace astro::data {

struct EnvironmentSpec {
    std::string name;  // "pointmaze-medium-v0"
    int64_t state_dim = 0, action_dim = 0;
    std::vector<int64_t> position;  // columns of a state that are x and y in the plane; empty: there is no plane
    // How many of a state's first columns are all of the simulator's qpos; the columns after them are all of its qvel.
    // Files then store qpos (and qvel), and a replay starts from them. 0: states are something else.
    int64_t qpos_columns = 0;
    int64_t tasks = 0;              // numbered from 1
    int64_t step_limit = 0;         // steps an episode
    bool judges = false;            // its agents tell success (Agents::arrived), not the tolerance
    double tolerance = 0;           // how near the goal is success: distance() in the environment's units; 0: it judges
    bool ends_with_success = true;  // false: an episode goes on to the step limit (D4RL), and its reward is summed up
    // Sums of rewards an episode that stand for the normalised scores 0 and 100 (D4RL); equal: there are no scores.
    double random_return = 0, expert_return = 0;
    double action_limit = 1;  // actions are clipped to [-action_limit, action_limit]
    std::string data_type;    // kind of data that is generated unless told otherwise; empty: there is but one
    double gamma = .995;            // discount a step, where the settings say `auto`
    int64_t gcbc_updates = 20000;   // gradient steps of cloning, where the settings say `auto`
    int64_t agents_at_once = 0;     // most agents that live at a time; 0: any number
    int64_t qpos_dim = 0, qvel_dim = 0;  // columns of a file's qpos and qvel that stored_step starts from
};

struct Episode {
    int64_t task = 0;                 // from 1
    std::vector<double> start, goal;  // states (state_dim)
    // How it was drawn, for an environment that cannot be put into a start and draws the same again.
    Protocol protocol = Protocol::goal_conditioned;
    int64_t seed = 0;
};

// A number of agents, each in its episode: what Environment::reset gives.
class Agents {
  public:
    virtual ~Agents() = default;
    // What each agent saw last, (n, state_dim). An agent may be elsewhere than it sees (a portal), so the caller does
    // not hand states back in.
    virtual const std::vector<double>& states() const = 0;
    // 1 for each agent that is at its goal now, where the environment judges that itself; else empty.
    virtual const std::vector<uint8_t>& arrived() const {
        static const std::vector<uint8_t> none;
        return none;
    }
    // One step of the agents named by their places in the batch, with actions (agents.size(), action_dim).
    virtual void step(const std::vector<int64_t>& agents, const std::vector<double>& actions) = 0;
};

// One transition of the system by itself from stored states, without what an episode adds (portals): states
// (n, state_dim), actions (n, action_dim) to next states (n, state_dim).
using ExactStep =
    std::function<std::vector<double>(const std::vector<float>& states, const std::vector<float>& actions)>;
// The same from stored rows of an environment whose observations are not all of its state: qpos (n, qpos_dim) and qvel
// (n, qvel_dim) as files hold them, observations and actions to next observations.
using StoredStep =
    std::function<std::vector<double>(const std::vector<float>& qpos, const std::vector<float>& qvel,
                                      const std::vector<float>& states, const std::vector<float>& actions)>;
// Geodesic distances from one state to others, in the environment's units; negative where there is no way.
using Geodesics = std::function<std::vector<double>(const float* from, const std::vector<const float*>& to)>;

// Reward of being in a state of the task with that goal: of the state that a step leads to, in evaluation; of the row
// itself, in data (D4RL). Such a task never ends. Null: the reward is success - 1, and success ends the task (OGBench).
using Reward = std::function<double(const double* state, const double* goal)>;

// The world from above, in the plane of the spec's position columns.
struct WorldPicture {
    struct Rectangle {
        double x = 0, y = 0, width = 0, height = 0;  // x and y: the lower left corner
    };
    Rectangle bounds;
    std::vector<Rectangle> walls;
    bool confines = true;       // no state lies in a wall or beyond the bounds; false: they are drawn, no more
    double spacing = 1;         // between neighbouring states below
    std::vector<float> states;  // (n, state_dim), a grid over where an agent can be; or empty
};

// What a generator of data is asked for.
struct CollectSpec {
    std::string type;  // "navigate", "stitch" or "explore"; "auto": the environment's own
    int64_t episodes = 0;
    int64_t episode_rows = 0;  // one more than transitions; 0: the environment's own number
    double noise = 0;          // standard deviation of the noise on actions; below 0: the environment's own
    uint64_t seed = 0;
};
// part: "train" or "val", which get streams of their own. The result does not depend on the number of threads.
// Error(usage) for a type that the generator does not know.
using Generator = std::function<Dataset(const CollectSpec& spec, std::string_view part, ThreadPool& threads)>;

class Environment {
  public:
    virtual ~Environment() = default;

    const EnvironmentSpec& spec() const { return spec_; }
    // Whether `name`, of an environment or a data set, belongs to this environment.
    virtual bool goes_by(std::string_view name) const { return name == spec_.name; }

    // Start and goal of a task (from 1) without noise: states.
    virtual Episode task(int64_t number) const = 0;
    // Starts and goals of `each` episodes for each task, in order: one draw a seed, the same whoever is evaluated.
    virtual std::vector<Episode> draw_episodes(const std::vector<int64_t>& tasks, int64_t each, Protocol protocol,
                                               uint64_t seed) const = 0;
    // Agents at the starts of the episodes, at most spec().agents_at_once. The same seed gives the same luck on the
    // way.
    virtual std::unique_ptr<Agents> reset(const std::vector<Episode>& episodes, uint64_t seed) const = 0;
    // Between a state and a goal, for the success rule: Euclidean in the plane, or over all columns without one.
    virtual double distance(const double* state, const double* goal) const;
    bool success(const double* state, const double* goal) const { return distance(state, goal) <= spec_.tolerance; }

    // What not every environment has; empty or null where it has not.
    ExactStep exact_step;
    StoredStep stored_step;
    Reward reward;
    Geodesics geodesics;
    Generator generate;
    virtual const WorldPicture* picture() const { return nullptr; }

  protected:
    EnvironmentSpec spec_;
};

// How the processes of a simulator are run; results do not depend on it.
struct ProcessSettings {
    int64_t processes = 1;
    double timeout = 60;  // seconds for an answer
};

// An environment beside the table's while this object lives: found by its names before those of the table. Made before
// threads start.
class AddedEnvironment {
  public:
    explicit AddedEnvironment(std::unique_ptr<Environment> environment);
    ~AddedEnvironment();
    AddedEnvironment(const AddedEnvironment&) = delete;
    AddedEnvironment& operator=(const AddedEnvironment&) = delete;

  private:
    const Environment* added_;
};

// "exec:COMMAND": an environment that COMMAND, a child process, is (docs/environments.md). Other functions find it by
// that name once it has been added; only this one starts processes. Null for other names. Error(io) where the processes
// do not start or do not describe an environment.
bool names_process(std::string_view name);
std::unique_ptr<Environment> open_process(std::string_view name, const ProcessSettings& settings);

// By an environment's or a data set's name ("pointmaze-medium-v0", "pointmaze-medium-stitch-v0"); null where no
// built-in environment has it. The same object for the same name; it lives as long as the program.
const Environment* find_environment(std::string_view name);
std::vector<std::string> environment_names();
// The same, or Error(usage): `words` and a hint that lists the environments.
const Environment& require_environment(std::string_view name, const std::string& words);

// Do states and actions fit? Error(data) names what `source` (a file) has and what the environment has.
void check_dimensions(const Environment& environment, const Dataset& dataset, const std::string& source);

// The state of the simulator on a row: qpos (and qvel) where the file has them and states are made of them, else the
// observation, which may lag behind (portals; D4RL's generator after an arrival). state: (state_dim).
void simulator_state(const EnvironmentSpec& spec, const Dataset& dataset, int64_t row, double* state);

// 100 (sum of rewards - random's) / (expert's - random's): D4RL. Of an environment that has scores.
double normalised_score(const EnvironmentSpec& spec, double sum_of_rewards);

// How a data set of a type ("auto": the environment's own) is named: "pointmaze-medium-stitch-v0" (OGBench), and by the
// environment's name where there is one type only (D4RL).
std::string dataset_name(const Environment& environment, const std::string& type);

}  // namespace astro::data
