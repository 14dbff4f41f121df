#include "apps/report/run.h"

#include <algorithm>

#include "apps/method_names.h"
#include "apps/report/svg.h"
#include "astro/augmenters/augmenter.h"
#include "astro/subgoal_search.h"
#include "data/file.h"
#include "tensor/base/error.h"

namespace astro::app::report {

std::string Run::environment() const {
    const data::Json* name = results.find("environment");
    return name ? name->as_string() : "no simulator";
}

Run load(const std::string& folder) {
    Run run;
    run.folder = folder;
    bool any = false;
    auto text_of = [&](const char* name) {
        const std::string path = folder + "/" + name;
        if (!data::file_exists(path)) return std::string();
        any = true;
        return data::read_text_file(path);
    };
    const std::string results = text_of("results.json");
    if (!results.empty()) run.results = data::Json::parse(results, folder + "/results.json");
    run.config = text_of("config.ini");
    run.manifest = text_of("manifest.json");
    if (data::file_exists(folder + "/metrics.csv")) run.metrics = read_metrics(folder + "/metrics.csv"), any = true;
    if (data::file_exists(folder + "/pictures.npz"))
        run.pictures = std::make_shared<data::NpzReader>(folder + "/pictures.npz"), any = true;
    if (!any) fail(ErrorKind::io, folder, ": not a run folder: it contains no results.json, metrics.csv or config.ini");
    return run;
}

Evaluated evaluated(const std::vector<const Run*>& runs) {
    Evaluated found;
    auto note = [](std::vector<std::string>& names, const std::string& name) {
        if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    };
    for (const Run* run : runs)
        for (const auto& [key, value] : run->results.members()) {
            if (key.compare(0, 8, "success/") != 0 || key.compare(key.size() - 5, 5, "/last") != 0) continue;
            const size_t slash = key.find('/', 8);
            note(found.arms, key.substr(8, slash - 8));
            note(found.learners, key.substr(slash + 1, key.size() - slash - 6));
        }
    return found;
}

std::string arm_words(const std::string& arm) {
    const size_t suffix = arm.find(method::kLedSuffix);
    const std::string data = arm.substr(0, suffix);
    const std::string label = augmenters::is_arm(data) ? augmenters::row_of(data).label : data;
    return escape(suffix == std::string::npos ? label : label + ", " + method::kLedLabel);
}

}  // namespace astro::app::report
