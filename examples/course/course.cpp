// Makes the figures and numbers of the course from a run, and its page.
//     make course, or step by step:
//     build/astro run --config configs/course.ini --run runs/course
//     build/examples/course figures runs/course build/course [CHAPTER]
//     build/examples/course page docs/course build/course build/course/course.html
#include "examples/course/course.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>

#include "apps/command_line/sections.h"
#include "apps/run/arms.h"
#include "data/file.h"
#include "tensor/base/rows.h"

namespace course {

void Course::save(const std::string& name, const Drawing& drawing) const {
    data::write_text_file(folder + "/figures/" + name + ".svg", drawing.svg());
}

double Course::result(const std::string& key) const {
    const data::Json* value = runner.results().find(key);
    if (!value) fail(ErrorKind::data, runner.folder().path(), "/results.json has no ", key, "; hint: run it again");
    return value->as_real();
}

std::vector<float> Course::inward(const std::vector<double>& states) const {
    return pipeline.units().states.rows_inward<float>(states);
}
std::vector<double> Course::outward(const std::vector<float>& states) const {
    return pipeline.units().states.rows_outward<double>(states);
}

std::unique_ptr<learners::Learner> Course::policy(const std::string& arm, const std::string& learner) const {
    const app::ArmData rows{arm, &pipeline.train_rows(), nullptr};
    std::unique_ptr<learners::Learner> made = app::make_policy(runner, context(), {learner, rows}, false);
    runner.require_trained(*made, "");
    return made;
}

std::vector<double> Course::drive(const std::vector<float>& state, const std::vector<float>& actions) const {
    std::vector<double> now = outward(state), path = now;
    const std::vector<double> forces = pipeline.units().actions.rows_outward<double>(actions);
    for (size_t i = 0; i + 1 < forces.size(); i += 2) {
        now = environment.exact_step(now, {forces[i], forces[i + 1]});
        path.insert(path.end(), now.begin(), now.end());
    }
    return path;
}

double Course::apart(const float* a, const float* b) const {
    double square = 0;
    for (size_t i = 0; i < 4; ++i) {
        const double x = (double(a[i]) - double(b[i])) / pipeline.statistics().sigma_delta[i];
        square += x * x / 4;
    }
    return std::sqrt(square);
}

Distances::Result Distances::from(const std::vector<double>& state, const std::vector<double>& others) const {
    std::vector<double> all = state;
    all.insert(all.end(), others.begin(), others.end());
    const auto n = ssize(all) / 4;
    const std::vector<float> latent = encoder_.embed(course_.inward(all).data(), n);
    const std::vector<int32_t> landmark = nearest_landmarks(course_.context(), map_, latent);
    Result result;
    for (int64_t i = 1; i < n; ++i) {
        const float* to = latent.data() + i * map_.width;
        result.steps.push_back(map_.steps(latent.data(), to));
        result.calibrated.push_back(map_.calibration.steps(result.steps.back()));
        result.graph.push_back(map_.graph_distance(latent.data(), landmark[0], to, nth(landmark, i)));
    }
    return result;
}

void train(TrainableModel& model) {
    for (int64_t k = 0; k < model.updates(); ++k) model.update(k);
}

namespace {

void make_figures(const std::string& run, const std::string& folder, int64_t only) {
    const app::Command command{"course", "", "", nullptr};
    app::CommandLine line(command, {"--run", run, "--quiet"});
    app::StageOptions options;
    Config config;
    line.add(options);
    line.add_config(config, app::sections_of("run"));
    line.parse();
    app::Needs needs;
    needs.access = app::Access::read;
    app::StageRunner runner(line, options, config, needs);
    if (runner.environment() != "cart-tworooms-v0")
        fail(ErrorKind::usage, run, " is a run in ", runner.environment(), ", the course needs cart-tworooms-v0");
    app::require_stages(runner, {"tdr", "dynamics", "planner"});
    Pipeline& pipeline = runner.pipeline();
    runner.require_trained(pipeline.one_step(), pipeline.fingerprint("one_step"));
    const std::string file = folder + "/results/course.json";
    data::Json numbers = only != 0 && data::file_exists(file) ? data::Json::parse(data::read_text_file(file), file)
                                                              : data::Json::object();
    Course course{runner, pipeline, *data::find_environment(runner.environment()), numbers, folder};
    const data::Dataset& d = pipeline.recorded();
    for (int64_t e = 0; e < d.episodes(); ++e) {
        double farthest = 0;
        const int64_t first = nth(d.episode_start, e), last = d.episode_end(e);
        for (int64_t t = first; t <= last; ++t)
            if (const double x = d.state(t, 0) - kMiddle; std::fabs(x) > std::fabs(farthest)) farthest = x;
        course.right.insert(course.right.end(), to_size(last - first + 1), farthest > 0);
    }
    void (*const chapters[])(Course&) = {chapter1, chapter2, chapter3, chapter4,
                                         chapter5, chapter6, chapter7, chapter8};
    data::create_folders(folder + "/figures");
    data::create_folders(folder + "/results");
    for (int64_t k = 1; k <= 8; ++k) {
        if (only != 0 && only != k) continue;
        chapters[k - 1](course);
        for (const auto& [key, value] : numbers.members())
            if (only == k && key.rfind(std::to_string(k) + "/", 0) == 0)
                std::printf("%-44s %.6g\n", key.c_str(), value.as_real());
    }
    // In the order of keys, so that the file does not depend on the order in which chapters were made.
    std::map<std::string, data::Json> sorted(numbers.members().begin(), numbers.members().end());
    data::Json out = data::Json::object();
    for (const auto& [key, value] : sorted) out[key] = value;
    data::write_text_file(file, out.dump() + "\n");
}

}  // namespace

}  // namespace course

int main(int argc, char** argv) {
    const std::vector<std::string> words(argv + 1, argv + argc);
    try {
        if ((words.size() == 3 || words.size() == 4) && words[0] == "figures")
            course::make_figures(words[1], words[2], words.size() == 4 ? std::atoi(words[3].c_str()) : 0);
        else if (words.size() == 4 && words[0] == "page")
            course::write_page(words[1], words[2], words[3]);
        else
            astro::fail(astro::ErrorKind::usage,
                        "usage: course figures RUN FOLDER [CHAPTER], or: course page DOCS FOLDER FILE.html");
    } catch (const std::exception& error) {
        std::fprintf(stderr, "course: %s\n", error.what());
        return 1;
    }
    return 0;
}
