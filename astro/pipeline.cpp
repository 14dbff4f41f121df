#include "astro/pipeline.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <numeric>

#include "astro/arrival_bound.h"
#include "astro/chains.h"
#include "astro/measure/cross_pairs.h"
#include "data/dataset_name.h"
#include "data/environment.h"
#include "tensor/base/rows.h"

namespace astro::method {

namespace {

// FNV-1a over 8-byte words and the remaining bytes.
uint64_t hash_bytes(uint64_t hash, const void* data, size_t bytes) {
    const char* p = static_cast<const char*>(data);
    for (; bytes >= 8; p += 8, bytes -= 8) {
        uint64_t word;
        std::memcpy(&word, p, 8);
        hash = (hash ^ word) * 0x100000001B3u;
        hash ^= hash >> 29;
    }
    for (; bytes > 0; ++p, --bytes) hash = (hash ^ static_cast<unsigned char>(*p)) * 0x100000001B3u;
    return hash;
}

uint64_t hash_dataset(uint64_t hash, const data::Dataset& d) {
    hash = hash_bytes(hash, d.observations.data(), d.observations.size() * sizeof(float));
    hash = hash_bytes(hash, d.actions.data(), d.actions.size() * sizeof(float));
    for (const std::vector<double>* origin : {&d.origin, &d.action_origin})
        hash = hash_bytes(hash, origin->data(), origin->size() * sizeof(double));
    return hash_bytes(hash, d.terminals.data(), d.terminals.size());
}

std::string hexadecimal(uint64_t hash) {
    char digits[20];
    std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(hash));
    return digits;
}

// Prints the settings of the sections that a stage depends on, except those that do not change results.
class SettingsText {
  public:
    explicit SettingsText(std::vector<std::string> sections) : sections_(std::move(sections)) {}

    template <class S>
    void section(const std::string& prefix, const char*, S& settings) {
        if (std::find(sections_.begin(), sections_.end(), prefix) == sections_.end()) return;
        prefix_ = prefix;
        settings.visit(*this);
    }
    template <class T, class... Rest>
    void operator()(const char* name, const T& value, const Rest&...) {
        if (!changes_results(prefix_, name)) return;
        out_ << prefix_ << "." << name << "=";
        print(value);
        out_ << "\n";
    }
    std::string text() const { return out_.str(); }

  private:
    template <class T>
    void print(const T& value) {
        if constexpr (std::is_enum_v<T>)
            out_ << static_cast<int>(value);
        else
            out_ << value;
    }
    template <class T>
    void print(const std::vector<T>& values) {
        for (const T& value : values) out_ << value << ",";
    }
    void print(double value) {
        char digits[40];
        std::snprintf(digits, sizeof digits, "%.17g", value);
        out_ << digits;
    }

    std::vector<std::string> sections_;
    std::string prefix_;
    std::ostringstream out_;
};

}  // namespace

// The general settings and the data, and these.
std::vector<std::string> with_common_sections(const std::vector<std::string>& own) {
    std::vector<std::string> sections = {"", "data"};
    sections.insert(sections.end(), own.begin(), own.end());
    return sections;
}

std::vector<std::string> policy_sections(const std::string& learner, const std::vector<std::string>& further) {
    std::vector<std::string> sections = {"policy"};
    sections.insert(sections.end(), further.begin(), further.end());
    for (const std::string& section : learner_sections(learner)) sections.push_back(section);
    return with_common_sections(sections);
}

const std::vector<std::string>& pipeline_stages() {
    static const std::vector<std::string> stages = {"tdr", "dynamics", "planner"};
    return stages;
}

int64_t stage_updates(const Config& config, const std::string& stage) {
    if (stage == "tdr") return config.tdr.updates;
    return stage == "dynamics" ? config.dynamics.network.updates : config.planner.network.updates;
}

bool changes_results(const std::string& section, const std::string& name) {
    if (section.empty()) return name == "seed" || name == "chunks";
    // The stage's name includes the learner. The number of seeds affects no single policy.
    return section != "policy" || (name != "learner" && name != "seeds");
}

std::vector<std::string> stage_sections(const std::string& stage) {
    static const std::pair<const char*, std::vector<std::string>> stages[] = {{"tdr", {"tdr"}},
                                                                              {"dynamics", {"dynamics"}},
                                                                              {"planner", {"graph", "planner"}},
                                                                              {"sampling", {"sampling"}},
                                                                              {"augment", {"selection", "augment"}}};
    std::vector<std::string> sections;
    if (stage == "one_step") return with_common_sections({"one_step"});
    for (const auto& [name, own] : stages) {
        sections.insert(sections.end(), own.begin(), own.end());
        if (name == stage) return with_common_sections(sections);
    }
    fail(ErrorKind::usage, "there is no stage ", stage);
}

Pipeline::Pipeline(const Context& context, const Config& config, data::Dataset all,
                   std::optional<data::Dataset> validation, std::string environment, const std::string& source)
    : context_(context), config_(config), environment_(std::move(environment)) {
    const bool separate = validation.has_value();
    const std::string validation_source = data::validation_source(source);
    if (separate) {
        if (validation->state_dim != all.state_dim || validation->action_dim != all.action_dim)
            fail(ErrorKind::data, validation_source, ": states and actions have ", validation->state_dim, " and ",
                 validation->action_dim, " dimensions, those of ", source, " ", all.state_dim, " and ", all.action_dim);
    } else {
        Split split = split_validation(std::move(all), config.data.validation_share);
        all = std::move(split.train), validation = std::move(split.validation);
    }
    units_ = data::measure_units(all, source);
    if (separate) data::require_same_units(units_, *validation, validation_source);
    train_rows_ = data::convert(units_, std::move(all), source);
    validation_rows_ = data::convert(units_, std::move(*validation), validation_source);
    train_ = cut_at_jumps(train_rows_.data, config.data.jump_factor);
    validation_ = cut_at_jumps(validation_rows_.data, config.data.jump_factor);
    statistics_ = measure(train_, config.planner.gap + 1, config.data.std_floor);
    distance_columns();  // refuses a distance over columns that are not known
}

int64_t Pipeline::horizon() const {
    return config_.planner.gap + (config_.planner.unknown == UnknownActions::gap ? 1 : config_.planner.context);
}

std::vector<int64_t> Pipeline::position_columns() const {
    if (config_.metrics.position[0] >= 0) return config_.metrics.position;
    const data::Environment* environment = data::find_environment(environment_);
    return environment ? environment->spec().position : std::vector<int64_t>{};
}

std::vector<int64_t> Pipeline::distance_columns() const {
    std::vector<int64_t> columns(statistics_.sigma_delta.size());
    std::iota(columns.begin(), columns.end(), 0);
    if (config_.selection.distance != SelectionDistance::euclid_position) return columns;
    columns = units_.states.places(position_columns());
    if (columns.empty())
        fail(ErrorKind::usage, "selection.distance euclid-position: the position columns of the states are not known",
             "; hint: --metrics.position 0,1 if these are x and y");
    return columns;
}

TemporalDistance& Pipeline::tdr() {
    if (!tdr_) tdr_ = std::make_unique<TemporalDistance>(context_, config_.tdr, gamma(), train_, seed());
    return *tdr_;
}

const TemporalMaps& Pipeline::maps() {
    if (!maps_) maps_ = build_temporal_maps(context_, tdr(), train_, validation_, config_);
    return *maps_;
}

const LatentInputs& Pipeline::latent_inputs() {
    if (!latent_inputs_) latent_inputs_.emplace(tdr(), map().latent);
    return *latent_inputs_;
}

const TemporalMap& Pipeline::selection_map() {
    if (config_.selection.distance == SelectionDistance::tdr) return map();
    if (!euclidean_map_)
        euclidean_map_ =
            build_euclidean_map(context_, map(), validation_map(), distance_columns(), statistics_, config_);
    return *euclidean_map_;
}

Dynamics& Pipeline::dynamics(int64_t member) {
    dynamics_.resize(to_size(ensemble()));
    auto& slot = nth(dynamics_, member);
    if (!slot) slot = make_dynamics(context_, config_.dynamics, horizon(), map(), statistics_, seed(), member);
    return *slot;
}

Planner& Pipeline::planner() {
    if (!planner_) {
        std::vector<const Dynamics*> members;
        for (int64_t m = 0; m < ensemble(); ++m) members.push_back(&dynamics(m));
        planner_ =
            std::make_unique<Planner>(context_, config_.planner, map(), statistics_, members, config_.dynamics, seed());
    }
    return *planner_;
}

OneStepModels& Pipeline::one_step() {
    if (!one_step_)
        one_step_ = std::make_unique<OneStepModels>(context_, config_.one_step, resolve_one_step_updates(config_),
                                                    train_, statistics_, seed());
    return *one_step_;
}

std::vector<TrainableModel*> Pipeline::models(const std::string& stage) {
    if (stage == "tdr") return {&tdr()};
    if (stage == "planner") return {&planner()};
    ASTRO_CHECK(stage == "dynamics", "the pipeline has no stage ", stage);
    std::vector<TrainableModel*> members;
    for (int64_t m = 0; m < ensemble(); ++m) members.push_back(&dynamics(m));
    return members;
}

int64_t Pipeline::augmented_rows() const {
    return std::llround(config_.augment.ratio * static_cast<double>(train_data().rows));
}

std::vector<StitchEnds> Pipeline::validation_ends(int64_t limit) {
    std::vector<StitchEnds> ends = planner().window_ends(validation_, tdr(), validation_map().arrival, limit);
    const int64_t rows = config_.planner.window();
    if (ends.empty())
        fail(ErrorKind::data, "no validation episode travels through a whole window of ", rows,
             " rows before it arrives", kTravelHint);
    return ends;
}

void Pipeline::check_travel() {
    const int64_t windows =
        config_.augment.bound_threshold > 0 ? values_for_quantile(config_.augment.bound_coverage) : 1;
    if (const auto found = ssize(validation_ends(windows)); found < windows)
        fail(ErrorKind::data, "augment.bound_threshold needs ", windows, " held-out windows of ",
             config_.planner.window(), " rows for a coverage of ", config_.augment.bound_coverage, ", but there are ",
             found, "; hint: more held-out episodes, a lower augment.bound_coverage, or augment.bound_threshold 0");
    chain_starts(map(), config_.augment);
}

std::vector<std::vector<Bridge>> Pipeline::sample_validation_bridges(int64_t limit, int64_t candidates) {
    const std::vector<StitchEnds> ends = validation_ends(limit);
    std::vector<Rng> streams;
    for (size_t i = 0; i < ends.size(); ++i) streams.push_back(Rng(seed()).stream("validation/bridges").stream(i));
    return planner().sample(ends, config_.planner.gap, candidates, streams);
}

const BridgedEnds& Pipeline::cross_bridges() {
    constexpr int64_t kCrossPairs = 256;
    if (!cross_bridges_) cross_bridges_ = sample_cross_bridges(*this, kCrossPairs);
    return *cross_bridges_;
}

const std::vector<std::vector<Bridge>>& Pipeline::validation_bridges() {
    if (!validation_bridges_)
        validation_bridges_ = sample_validation_bridges(kValidationBridges, config_.augment.bridge_candidates);
    return *validation_bridges_;
}

uint64_t Pipeline::settings_hash(const std::vector<std::string>& sections) const {
    SettingsText settings(sections);
    Config copy = config_;
    copy.visit(settings);
    const std::string words = settings.text() + data::environment_identity(environment_);
    return hash_bytes(0xCBF29CE484222325u, words.data(), words.size());
}

uint64_t Pipeline::settings_and_data_hash(const std::vector<std::string>& sections) const {
    uint64_t hash = settings_hash(sections);
    for (const data::RecordedData* d : {&train_rows_, &validation_rows_}) hash = hash_dataset(hash, d->recorded);
    return hash;
}

std::string Pipeline::settings_fingerprint(const std::vector<std::string>& own) const {
    return hexadecimal(settings_hash(with_common_sections(own)));
}

std::string Pipeline::fingerprint(const std::string& stage) const {
    const uint64_t hash = settings_and_data_hash(stage_sections(stage));
    if (stage == "tdr") return hexadecimal(hash);
    if (stage == "one_step") {
        const int64_t updates = resolve_one_step_updates(config_);
        return hexadecimal(hash_bytes(hash, &updates, sizeof updates));
    }
    const int64_t window[] = {horizon(), config_.planner.gap};  // window of the dynamics' training
    uint64_t with_window = hash_bytes(hash, window, sizeof window);
    if (stage == "augment" && config_.selection.distance == SelectionDistance::euclid_position) {
        const std::vector<int64_t> columns = position_columns();
        with_window = hash_bytes(with_window, columns.data(), columns.size() * sizeof columns[0]);
    }
    return hexadecimal(with_window);
}

std::string Pipeline::fingerprint_of_sections(const std::vector<std::string>& own) const {
    return hexadecimal(settings_and_data_hash(with_common_sections(own)));
}

std::string Pipeline::policy_fingerprint(const std::string& learner, const data::Dataset* other,
                                         const std::vector<std::string>& further) const {
    const uint64_t hash = settings_and_data_hash(policy_sections(learner, further));
    return hexadecimal(other ? hash_dataset(hash, *other) : hash);
}

}  // namespace astro::method
