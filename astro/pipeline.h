// The stages of the method on one data set, created on demand and in order: data, TDR, map, dynamics, planner. The
// caller (apps/) trains or loads each stage. This class only constructs it from the earlier ones.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "astro/latent_inputs.h"
#include "astro/measure/one_step.h"
#include "astro/planner.h"
#include "data/units.h"

namespace astro::method {

// The stages whose models are trained, in order, and their settings of updates.
const std::vector<std::string>& pipeline_stages();
int64_t stage_updates(const Config& config, const std::string& stage);

// The sections of the settings that a stage's result depends on: its own and those of the stages before it. Stages are
// "tdr", "dynamics", "planner", "sampling" (of validation bridges) and "augment", in this order; and "one_step", which
// depends on none.
std::vector<std::string> stage_sections(const std::string& stage);

// The same for a model that depends on its own sections, but on no stage; and for the policy of a learner, which reads
// `further` sections because it uses the models of these.
std::vector<std::string> with_common_sections(const std::vector<std::string>& own);
std::vector<std::string> policy_sections(const std::string& learner, const std::vector<std::string>& further);

// Whether the setting section.name ("" for general) belongs to the fingerprints of its section. Data sets and the
// environment do not: their contents and name do.
bool changes_results(const std::string& section, const std::string& name);

class Pipeline {
  public:
    // The whole data set, and a validation set. If the latter is empty, the last episodes are held out. source: the
    // name of the data set in messages.
    Pipeline(const Context& context, const Config& config, data::Dataset all, std::optional<data::Dataset> validation,
             std::string environment, const std::string& source = "the data set");
    Pipeline(const Pipeline&) = delete;
    Pipeline& operator=(const Pipeline&) = delete;

    const Context& context() const { return context_; }
    const Config& config() const { return config_; }
    const std::string& environment() const { return environment_; }
    const data::Units& units() const { return units_; }
    const data::RecordedData& train_rows() const { return train_rows_; }
    const data::Dataset& train_data() const { return train_rows_.data; }    // in the method's units
    const data::Dataset& recorded() const { return train_rows_.recorded; }  // the same rows, as in the file
    const Trajectories& train() const { return train_; }
    const Trajectories& validation() const { return validation_; }
    const Statistics& statistics() const { return statistics_; }
    double gamma() const { return gamma_ ? *gamma_ : resolve_gamma(config_.tdr.gamma, environment_); }
    void set_gamma(double gamma) { gamma_ = gamma; }  // of a trained TDR, where the environment does not tell it
    uint64_t seed() const { return static_cast<uint64_t>(config_.general.seed); }
    int64_t horizon() const;  // H = U of the dynamics
    // The columns of the recorded states that are x and y: metrics.position, else what the environment names, or none.
    std::vector<int64_t> position_columns() const;

    TemporalDistance& tdr();
    const TemporalMaps& maps();  // needs a trained tdr()
    const TemporalMap& map() { return maps().train; }
    const TemporalMap& validation_map() { return maps().validation; }
    const LatentInputs& latent_inputs();  // needs map()
    // The map that targets and chains use, by selection.distance: map(), or a Euclidean one. Needs a trained tdr().
    const TemporalMap& selection_map();
    Dynamics& dynamics(int64_t member);  // needs map()
    int64_t ensemble() const { return config_.dynamics.ensemble; }
    Planner& planner();  // needs trained dynamics
    OneStepModels& one_step();
    // The models of a stage ("tdr", "dynamics", "planner"), in the order of training. Needs those of the stages before.
    std::vector<TrainableModel*> models(const std::string& stage);

    // Rows that an augmenter is asked for: augment.ratio times the real rows.
    int64_t augmented_rows() const;

    // Error(data) if no held-out episode travels far enough for validation_bridges, or no episode for the stages after
    // the TDR. Needs map(); called before these stages are trained.
    void check_travel();
    // Ends of at most so many held-out windows. Error(data) if there is none.
    std::vector<StitchEnds> validation_ends(int64_t limit);

    // Bridges over held-out windows of one episode each, sampled as for augmentation.
    static constexpr int64_t kValidationBridges = 512;
    const std::vector<std::vector<Bridge>>& validation_bridges();  // by the trained planner: that many, kept
    std::vector<std::vector<Bridge>> sample_validation_bridges(int64_t limit,
                                                               int64_t candidates);  // by the current planner
    // Bridges from held-out rows to other episodes (sample_cross_bridges) by the trained planner: at most 256, kept.
    const BridgedEnds& cross_bridges();

    // Fingerprint of everything that a stage's result depends on: settings (stage_sections), seed and data, as a short
    // text.
    std::string fingerprint(const std::string& stage) const;
    // The same for a model that depends on the data, the seed and these sections of the settings, but on no stage.
    std::string fingerprint_of_sections(const std::vector<std::string>& sections) const;
    // Fingerprint of the settings and the environment alone, without data: for measurements of what a run folder holds.
    std::string settings_fingerprint(const std::vector<std::string>& sections) const;
    // The same for the policy of a learner: its settings, the data, the second data set that it is trained on (or
    // null), identified by content, and the models whose settings are in `further` sections.
    std::string policy_fingerprint(const std::string& learner, const data::Dataset* other,
                                   const std::vector<std::string>& further = {}) const;

  private:
    std::vector<int64_t> distance_columns() const;  // of a Euclidean selection.distance, in the method's units
    uint64_t settings_hash(const std::vector<std::string>& sections) const;  // and of the environment's name
    uint64_t settings_and_data_hash(const std::vector<std::string>& sections) const;

    Context context_;
    Config config_;
    std::string environment_;
    data::Units units_;
    data::RecordedData train_rows_, validation_rows_;
    Trajectories train_, validation_;
    Statistics statistics_;
    std::unique_ptr<TemporalDistance> tdr_;
    std::optional<double> gamma_;
    std::optional<TemporalMaps> maps_;
    std::optional<TemporalMap> euclidean_map_;
    std::optional<LatentInputs> latent_inputs_;
    std::vector<std::unique_ptr<Dynamics>> dynamics_;
    std::unique_ptr<Planner> planner_;
    std::unique_ptr<OneStepModels> one_step_;
    std::optional<std::vector<std::vector<Bridge>>> validation_bridges_;
    std::optional<BridgedEnds> cross_bridges_;
};

}  // namespace astro::method
