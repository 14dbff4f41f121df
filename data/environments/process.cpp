// An environment in child processes: implements data/environment.h with the protocol of docs/environments.md.
#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <mutex>
#include <numeric>
#include <tuple>

#include "data/environments/environments.h"
#include "data/environments/simulator.h"
#include "tensor/base/error.h"
#include "tensor/base/rows.h"
#include "tensor/rng.h"

namespace astro::data {

namespace {

constexpr std::string_view kPrefix = "exec:";
constexpr int64_t kLargestCount = 1000000;  // of dimensions, steps and agents
constexpr int64_t kReplayRows = 50000;      // MuJoCo's ant takes about a minute for them in one process
constexpr size_t kRowsPerMessage = 1024;    // of a replay, for each process

const char* protocol_name(Protocol protocol) {
    return protocol == Protocol::goal_conditioned ? "goal-conditioned" : "single-task";
}

// Assigns numbers to agents, for each process. Several evaluations may have agents at the same time.
class AgentNumbers {
  public:
    // most: largest number of agents per process; 0: no limit.
    AgentNumbers(size_t processes, int64_t limit) : limit_(to_size(limit)), used_(processes) {}

    // Takes wanted[p] numbers of each process p together. Waits while other evaluations use too many.
    std::vector<std::vector<int64_t>> take(const std::vector<size_t>& wanted) {
        std::unique_lock<std::mutex> lock(mutex_);
        given_back_.wait(lock, [&] {
            for (size_t p = 0; p < used_.size(); ++p)
                if (limit_ > 0 && in_use(p) + wanted[p] > limit_) return false;
            return true;
        });
        std::vector<std::vector<int64_t>> taken(used_.size());
        for (size_t p = 0; p < used_.size(); ++p)
            for (size_t number = 0; taken[p].size() < wanted[p]; ++number) {
                if (number == used_[p].size()) used_[p].push_back(0);
                if (used_[p][number]) continue;
                used_[p][number] = 1;
                taken[p].push_back(static_cast<int64_t>(number));
            }
        return taken;
    }

    void give_back(const std::vector<std::vector<int64_t>>& taken) {
        const std::lock_guard<std::mutex> lock(mutex_);
        for (size_t p = 0; p < taken.size(); ++p)
            for (int64_t number : taken[p]) nth(used_[p], number) = 0;
        given_back_.notify_all();
    }

  private:
    size_t in_use(size_t p) const { return to_size(std::count(used_[p].begin(), used_[p].end(), 1)); }

    std::mutex mutex_;
    std::condition_variable given_back_;
    size_t limit_;
    std::vector<std::vector<uint8_t>> used_;
};

// Agents begin_[p] to begin_[p + 1] - 1 are in process p.
class ProcessAgents : public Agents {
  public:
    ProcessAgents(Simulator& simulator, AgentNumbers& numbers, const EnvironmentSpec& spec,
                  const std::vector<Episode>& episodes)
        : simulator_(simulator),
          numbers_(numbers),
          spec_(spec),
          begin_(shares(episodes.size(), simulator.processes())) {
        std::vector<size_t> wanted;
        for (size_t p = 0; p + 1 < begin_.size(); ++p) wanted.push_back(begin_[p + 1] - begin_[p]);
        taken_ = numbers_.take(wanted);
        try {
            start(episodes);
        } catch (...) {
            numbers_.give_back(taken_);
            throw;
        }
    }
    ~ProcessAgents() override { numbers_.give_back(taken_); }

    const std::vector<double>& states() const override { return states_; }
    const std::vector<uint8_t>& arrived() const override { return arrived_; }
    const std::vector<double>& goals() const { return goals_; }

    void step(const std::vector<int64_t>& agents, const std::vector<double>& actions) override {
        const auto width = to_size(spec_.action_dim);
        std::vector<Request> requests;
        std::vector<std::vector<size_t>> stepped;  // for each request, the indices of its agents
        for (size_t p = 0; p + 1 < begin_.size(); ++p) {
            Json numbers = Json::array(), rows = Json::array();
            std::vector<size_t> indices;
            for (size_t i = 0; i < agents.size(); ++i) {
                const auto e = to_size(agents[i]);
                if (e < begin_[p] || e >= begin_[p + 1]) continue;
                numbers.push(taken_[p][e - begin_[p]]);
                rows.push(std::vector<double>(actions.begin() + static_cast<std::ptrdiff_t>(i * width),
                                              actions.begin() + static_cast<std::ptrdiff_t>((i + 1) * width)));
                indices.push_back(e);
            }
            if (indices.empty()) continue;
            requests.push_back({p});
            requests.back().members["agents"] = std::move(numbers);
            requests.back().members["actions"] = std::move(rows);
            stepped.push_back(std::move(indices));
        }
        const std::vector<Json> answers = simulator_.ask("step", requests);
        for (size_t k = 0; k < answers.size(); ++k) read(requests[k].process, answers[k], stepped[k]);
    }

  private:
    void start(const std::vector<Episode>& episodes) {
        std::vector<Request> requests;
        for (size_t p = 0; p + 1 < begin_.size(); ++p) {
            if (begin_[p] == begin_[p + 1]) continue;
            Json tasks = Json::array(), seeds = Json::array();
            for (size_t e = begin_[p]; e < begin_[p + 1]; ++e)
                tasks.push(episodes[e].task), seeds.push(episodes[e].seed);
            requests.push_back({p});
            Json& members = requests.back().members;
            members["protocol"] = protocol_name(episodes[begin_[p]].protocol);
            members["agents"] = taken_[p];
            members["tasks"] = std::move(tasks);
            members["seeds"] = std::move(seeds);
        }
        const std::vector<Json> answers = simulator_.ask("reset", requests);
        const auto width = to_size(spec_.state_dim);
        states_.resize(episodes.size() * width);
        if (spec_.reports_success) arrived_.resize(episodes.size());
        for (size_t k = 0; k < answers.size(); ++k) {
            const size_t p = requests[k].process;
            std::vector<size_t> indices(begin_[p + 1] - begin_[p]);
            std::iota(indices.begin(), indices.end(), begin_[p]);
            read(p, answers[k], indices);
            const std::vector<double> goals = simulator_.rows_of(p, answers[k], "goals", indices.size(), width);
            goals_.insert(goals_.end(), goals.begin(), goals.end());
            for (size_t e : indices) check_draw(p, episodes[e], e);
        }
    }

    // An episode that was drawn before must have the same start and goal again.
    void check_draw(size_t process, const Episode& episode, size_t e) {
        const auto width = to_size(spec_.state_dim);
        for (const auto& [words, drawn, now] :
             {std::tuple{"start", &episode.start, &states_}, std::tuple{"goal", &episode.goal, &goals_}})
            if (!drawn->empty() &&
                !std::equal(drawn->begin(), drawn->end(), now->begin() + static_cast<std::ptrdiff_t>(e * width)))
                simulator_.refuse(process,
                                  text("draws another ", words, " of task ", episode.task, " for the same seed ",
                                       episode.seed, "; the seed must determine all random events of an episode"));
    }

    // Reads states and success of the agents with these indices.
    void read(size_t process, const Json& answer, const std::vector<size_t>& indices) {
        const auto width = to_size(spec_.state_dim);
        const std::vector<double> rows = simulator_.rows_of(process, answer, "states", indices.size(), width);
        for (size_t i = 0; i < indices.size(); ++i)
            std::copy_n(rows.begin() + static_cast<std::ptrdiff_t>(i * width), width,
                        states_.begin() + static_cast<std::ptrdiff_t>(indices[i] * width));
        if (!spec_.reports_success) return;
        const std::vector<uint8_t> flags = simulator_.flags_of(process, answer, "success", indices.size());
        for (size_t i = 0; i < indices.size(); ++i) arrived_[indices[i]] = flags[i];
    }

    Simulator& simulator_;
    AgentNumbers& numbers_;
    const EnvironmentSpec& spec_;
    std::vector<size_t> begin_;
    std::vector<std::vector<int64_t>> taken_;
    std::vector<double> states_, goals_;
    std::vector<uint8_t> arrived_;
};

class ProcessEnvironment : public Environment {
  public:
    ProcessEnvironment(const std::string& command, const ProcessSettings& settings)
        : name_(std::string(kPrefix) + command), simulator_(command, settings) {
        read_description();
        const Json& described = simulator_.description();
        const Json* agents = described.find("agents");
        const int64_t limit = agents ? simulator_.count_of(0, described, "agents", 1, kLargestCount) : 0;
        spec_.agents_at_once = limit * settings.processes;
        numbers_ = std::make_unique<AgentNumbers>(simulator_.processes(), limit);
        if (flag("replays_states"))
            exact_step = [this](const std::vector<double>& states, const std::vector<double>& actions) {
                return replay({{"states", &states, spec_.state_dim}, {"actions", &actions, spec_.action_dim}});
            };
        if (described.find("qpos_columns")) {
            spec_.qpos_dim = simulator_.count_of(0, described, "qpos_columns", 1, kLargestCount);
            spec_.qvel_dim = simulator_.count_of(0, described, "qvel_columns", 1, kLargestCount);
            stored_step = [this](const std::vector<double>& qpos, const std::vector<double>& qvel,
                                 const std::vector<double>& states, const std::vector<double>& actions) {
                return replay({{"states", &states, spec_.state_dim},
                               {"actions", &actions, spec_.action_dim},
                               {"qpos", &qpos, spec_.qpos_dim},
                               {"qvel", &qvel, spec_.qvel_dim}});
            };
        }
    }

    bool has_name(std::string_view name) const override { return name == name_; }

    Episode task(int64_t number) const override { return nth(tasks_, number - 1); }

    // The child draws the episodes: its answer to a reset contains starts and goals. A later reset with the same seeds
    // must give the same.
    std::vector<Episode> draw_episodes(const std::vector<int64_t>& tasks, int64_t each, Protocol protocol,
                                       uint64_t seed) const override {
        std::vector<Episode> episodes = draw_each(tasks, each, seed, [&](int64_t number, Rng& rng) {
            Episode episode;
            episode.task = number, episode.protocol = protocol;
            episode.seed = rng.below(int64_t{1} << 31);
            return episode;
        });
        const size_t group = spec_.agents_at_once > 0 ? to_size(spec_.agents_at_once) : episodes.size();
        const auto width = static_cast<std::ptrdiff_t>(spec_.state_dim);
        for (size_t first = 0; first < episodes.size(); first += group) {
            const auto begin = episodes.begin() + static_cast<std::ptrdiff_t>(first),
                       end = episodes.begin() + static_cast<std::ptrdiff_t>(std::min(episodes.size(), first + group));
            const ProcessAgents agents(simulator_, *numbers_, spec_, {begin, end});
            for (auto e = begin; e != end; ++e) {
                const std::ptrdiff_t at = (e - begin) * width;
                e->start.assign(agents.states().begin() + at, agents.states().begin() + at + width);
                e->goal.assign(agents.goals().begin() + at, agents.goals().begin() + at + width);
            }
        }
        return episodes;
    }

    // The seed argument is not used: each episode has its own seed.
    std::unique_ptr<Agents> reset(const std::vector<Episode>& episodes, uint64_t) const override {
        ASTRO_CHECK(spec_.agents_at_once == 0 || ssize(episodes) <= spec_.agents_at_once, episodes.size(),
                    " agents of a simulator that serves ", spec_.agents_at_once);
        return std::make_unique<ProcessAgents>(simulator_, *numbers_, spec_, episodes);
    }

    const WorldPicture* picture() const override { return picture_.get(); }

  private:
    bool flag(const std::string& key) {
        const Json* value = simulator_.description().find(key);
        if (value && value->kind() != Json::Kind::boolean)
            simulator_.refuse(0, "describes \"" + key + "\" as neither true nor false");
        return value && value->as_bool();
    }

    void read_description() {
        const Json& described = simulator_.description();
        const Json* name = described.find("name");
        if (!name || name->kind() != Json::Kind::string || name->as_string().empty() ||
            printable(name->as_string(), 100, Keep::beginning) != name->as_string())
            simulator_.refuse(0, "describes itself without a printable \"name\"");
        spec_.name = name->as_string();
        spec_.replay_rows = kReplayRows;
        spec_.action_limit = HUGE_VAL;  // the simulator clips actions itself
        spec_.state_dim = simulator_.count_of(0, described, "state_dim", 1, kLargestCount);
        spec_.action_dim = simulator_.count_of(0, described, "action_dim", 1, kLargestCount);
        spec_.step_limit = simulator_.count_of(0, described, "step_limit", 1, kLargestCount);
        if (described.find("position")) {
            Json rows = Json::array();
            rows.push(described.at("position"));
            Json wrapped = Json::object();
            wrapped["position"] = std::move(rows);
            for (double column : simulator_.rows_of(0, wrapped, "position", 1, 2)) {
                if (column < 0 || column >= static_cast<double>(spec_.state_dim) || column != std::floor(column))
                    simulator_.refuse(0, text("describes position column ", column, ", but a state has ",
                                              spec_.state_dim, " columns"));
                spec_.position.push_back(static_cast<int64_t>(column));
            }
            if (spec_.position[0] == spec_.position[1])
                simulator_.refuse(0, text("describes the same column ", spec_.position[0], " twice as \"position\""));
        }
        spec_.reports_success = flag("judges");
        if (described.find("tolerance")) spec_.tolerance = simulator_.number_of(0, described, "tolerance");
        if (spec_.tolerance < 0 || (spec_.tolerance == 0 && !spec_.reports_success))
            simulator_.refuse(0, "describes no success rule, expected a \"tolerance\" above 0 or \"judges\": true");
        if (described.find("gamma")) spec_.gamma = simulator_.number_of(0, described, "gamma");
        if (spec_.gamma <= 0 || spec_.gamma >= 1) simulator_.refuse(0, "describes a gamma that is not between 0 and 1");
        read_tasks(described);
        if (described.find("picture")) read_picture(described.at("picture"));
    }

    void read_tasks(const Json& described) {
        const Json* tasks = described.find("tasks");
        if (!tasks || tasks->kind() != Json::Kind::array || tasks->elements().empty())
            simulator_.refuse(0, "describes no array \"tasks\"");
        for (const Json& one : tasks->elements()) {
            Json wrapped = Json::object();
            for (const char* key : {"start", "goal"}) {
                const Json* state = one.kind() == Json::Kind::object ? one.find(key) : nullptr;
                wrapped[key] = Json::array();
                if (state) wrapped[key].push(*state);
            }
            const auto width = to_size(spec_.state_dim);
            Episode task;
            task.task = ++spec_.tasks;
            task.start = simulator_.rows_of(0, wrapped, "start", 1, width);
            task.goal = simulator_.rows_of(0, wrapped, "goal", 1, width);
            tasks_.push_back(task);
        }
    }

    void read_picture(const Json& picture) {
        if (picture.kind() != Json::Kind::object) simulator_.refuse(0, "describes a \"picture\" that is not an object");
        if (spec_.position.empty()) simulator_.refuse(0, "describes a \"picture\" but no \"position\"");
        picture_ = std::make_unique<WorldPicture>();
        const Json* walls = picture.find("walls");
        const size_t count = walls && walls->kind() == Json::Kind::array ? walls->elements().size() : 0;
        const std::vector<double> w = count ? simulator_.rows_of(0, picture, "walls", count, 4) : std::vector<double>();
        for (size_t i = 0; i < count; ++i)
            picture_->walls.push_back({w[4 * i], w[4 * i + 1], w[4 * i + 2], w[4 * i + 3]});
        Json wrapped = Json::object();
        wrapped["bounds"] = Json::array();
        if (const Json* bounds = picture.find("bounds")) wrapped["bounds"].push(*bounds);
        const std::vector<double> b = simulator_.rows_of(0, wrapped, "bounds", 1, 4);
        if (b[2] <= 0 || b[3] <= 0) simulator_.refuse(0, "describes a \"picture\" without width or height");
        picture_->bounds = {b[0], b[1], b[2], b[3]};
        picture_->confines = false;
        picture_->spacing = std::max(b[2], b[3]) / 100;
    }

    struct Column {
        const char* key;
        const std::vector<double>* values;
        int64_t width;
    };
    // The next states (n, state_dim) of independent rows. The rows are sent in blocks, which the processes share.
    std::vector<double> replay(const std::vector<Column>& columns) {
        const size_t n = columns[0].values->size() / to_size(columns[0].width), processes = simulator_.processes();
        std::vector<double> next;
        for (size_t first = 0; first < n; first += processes * kRowsPerMessage) {
            const std::vector<size_t> begin = shares(std::min(n - first, processes * kRowsPerMessage), processes);
            std::vector<Request> requests;
            for (size_t p = 0; p < processes; ++p) {
                if (begin[p] == begin[p + 1]) continue;
                requests.push_back({p});
                for (const Column& c : columns)
                    requests.back().members[c.key] =
                        rows_json(*c.values, to_size(c.width), first + begin[p], first + begin[p + 1]);
            }
            const std::vector<Json> answers = simulator_.ask("replay", requests);
            for (size_t k = 0; k < answers.size(); ++k) {
                const size_t p = requests[k].process;
                const std::vector<double> rows =
                    simulator_.rows_of(p, answers[k], "states", begin[p + 1] - begin[p], to_size(spec_.state_dim));
                next.insert(next.end(), rows.begin(), rows.end());
            }
        }
        return next;
    }

    std::string name_;
    mutable Simulator simulator_;  // mutable: requests do not change the environment as seen by callers
    std::unique_ptr<AgentNumbers> numbers_;
    std::vector<Episode> tasks_;
    std::unique_ptr<WorldPicture> picture_;
};

}  // namespace

bool is_process_name(std::string_view name) { return name.substr(0, kPrefix.size()) == kPrefix; }

std::unique_ptr<Environment> make_process_environment(std::string_view name, const ProcessSettings& settings) {
    if (!is_process_name(name)) return nullptr;
    const std::string command(name.substr(kPrefix.size()));
    if (command.find_first_not_of(" \t") == std::string::npos)
        fail(ErrorKind::usage, "exec: must be followed by a command; hint: --env \"exec:python3 simulator.py\"");
    return std::make_unique<ProcessEnvironment>(command, settings);
}

}  // namespace astro::data
