// The report: the page of a generated run folder is deterministic and well formed; missing parts are left out.
#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "apps/measure/measure.h"
#include "apps/report/chart.h"
#include "apps/report/compare.h"
#include "apps/report/play.h"
#include "apps/report/report.h"
#include "apps/run/run_dir.h"
#include "data/file.h"
#include "data/npz.h"
#include "tensor/base/error.h"
#include "tests/temporary_folder.h"

using namespace astro;
using namespace astro::app;

namespace {

// Whether all tags are closed in the right order. Contents of scripts and styles are not read.
bool balanced(std::string html) {
    for (const std::string tag : {"script", "style"})
        for (size_t at = html.find("<" + tag); at != std::string::npos; at = html.find("<" + tag, at + 1)) {
            const size_t from = html.find('>', at) + 1;
            html.erase(from, html.find("</" + tag, from) - from);
        }
    std::vector<std::string> open;
    for (size_t at = html.find('<'); at != std::string::npos; at = html.find('<', at + 1)) {
        const size_t end = html.find('>', at);
        if (end == std::string::npos) return false;
        const std::string tag = html.substr(at + 1, end - at - 1);
        if (tag[0] == '!' || tag.back() == '/' || tag.compare(0, 4, "meta") == 0) continue;
        const std::string name = tag.substr(tag[0] == '/', tag.find_first_of(" >", 1) - (tag[0] == '/'));
        if (tag[0] != '/') {
            open.push_back(name.substr(0, name.find(' ')));
        } else {
            if (open.empty() || open.back() != name) return false;
            open.pop_back();
        }
    }
    return open.empty();
}

}  // namespace

TEST_CASE("report: a page with table, pictures and curves, identical when repeated") {
    const TemporaryFolder folder;
    data::write_text_file(
        folder / "results.json",
        "{\"environment\": \"pointmaze-medium-v0\", \"success/raw/gcbc/last\": 0.1, \"success/raw/gcbc/best\": 0.2, "
        "\"success/raw/gcbc/task1\": 1, \"success/raw+subgoals/gcbc/last\": 0.9, \"success/augmented/gcbc/last\": "
        "0.95, \"warnings\": [\"a <b> & c\"], "
        "\"yield\": 0.5}");
    data::write_text_file(folder / "metrics.csv", "step,wall_s,key,value\n50,1,tdr/loss,0.5\n100,2,tdr/loss,0.25\n");
    data::NpzWriter npz(folder / "pictures.npz");
    const std::vector<float> xy = {0, 0, 4, 4, 4, 8};
    npz.add("raw_xy", data::NpyArray::from({3, 2}, xy), data::Compression::stored);
    npz.add("chain_xy", data::NpyArray::from({3, 2}, xy), data::Compression::stored);
    npz.add("chain_start", data::NpyArray::from({1}, std::vector<int64_t>{0}), data::Compression::stored);
    npz.add("chain_is_bridge", data::NpyArray::from({3}, std::vector<uint8_t>{0, 1, 0}), data::Compression::stored);
    npz.close();
    const std::string page = report::render({folder.path});
    CHECK(balanced(page));
    CHECK(page == report::render({folder.path}));
    for (const char* part : {"95 %", "<td>&emsp;led by subgoals at test time</td>", "class=\"bridge\"",
                             "class=\"heat\"", "tdr/loss", "a &lt;b&gt; &amp; c", "class=\"wall\""})
        CHECK_MESSAGE(page.find(part) != std::string::npos, part);
    CHECK(page.find("nan") == std::string::npos);
    const TemporaryFolder empty;
    CHECK_THROWS_WITH_AS(report::render({empty.path}), doctest::Contains("not a run folder"), Error);
}

TEST_CASE("report: without a simulator, tables of models' judgements and pictures in any units") {
    const TemporaryFolder folder;
    data::write_text_file(
        folder / "results.json",
        "{\"dynamics_rmse_one_pass_1\": 0.25, \"dynamics_rmse_persistence_1\": 1.5, \"dynamics_rmse_one_pass_9\": 2, "
        "\"dynamics_rmse_persistence_9\": null, \"dynamics_rmse_one_step_9\": 3.25, \"dvr_real_ensemble_0.5\": 0.0625, "
        "\"dvr_transition_ensemble_0.5\": 0.1875, \"coverage\": 0.5, \"coverage_radius\": 2.5, \"coverage_new\": 0.25, "
        "\"augment_bridges\": 11, \"joined_pairs\": 3, \"joined_episodes\": 4, \"joins\": [{\"from\": 17, \"to\": 23, "
        "\"bridges\": 5}], \"joins_by_episode\": [{\"episode\": 29, \"left\": 6, \"entered\": 0}]}");
    // The same points in three units give the same picture.
    std::string first;
    for (double unit : {1.0, 1.0 / 1024, 1048576.0}) {
        data::NpzWriter npz(folder / "pictures.npz");
        std::vector<float> xy;
        for (double v : {0, 0, 4, 4, 4, 8}) xy.push_back(float(v * unit));
        npz.add("world_rectangles", data::NpyArray::from<double>({1, 4}, {0, 0, 8 * unit, 10 * unit}),
                data::Compression::stored);
        npz.add("world_spacing", data::NpyArray::from<double>({1}, {.1 * unit}), data::Compression::stored);
        npz.add_text("axes.txt", "columns 0 & 1 of the states");
        npz.add("raw_xy", data::NpyArray::from({3, 2}, xy), data::Compression::stored);
        npz.add("chain_xy", data::NpyArray::from({3, 2}, xy), data::Compression::stored);
        npz.add("chain_start", data::NpyArray::from({1}, std::vector<int64_t>{0}), data::Compression::stored);
        npz.add("chain_is_bridge", data::NpyArray::from({3}, std::vector<uint8_t>{0, 1, 0}), data::Compression::stored);
        npz.close();
        const std::string page = report::render({folder.path});
        CHECK(balanced(page));
        if (first.empty()) first = page;
        CHECK(page == first);
    }
    for (const char* part :
         {"columns 0 &amp; 1 of the states", "viewBox=\"0 0 32.0 40.0\"", "points=\"0.0,0.0 16.0,16.0 \"",
          "<td>dynamics, one pass</td><td>0.25</td><td>2</td>", "<td>standing still</td><td>1.5</td><td>-</td>",
          "<td>one-step network, rolled out</td><td>-</td><td>3.25</td>", "by the networks</td><td>6.25 %</td>",
          "18.75 %", "50 % of the held-out states", "within 2.5 sigma", "25 % of the generated states",
          "11 bridges join 3 pairs of 4 episodes", "<td>17</td><td>23</td><td>5</td>",
          "<td>29</td><td>6</td><td>0</td>"})
        CHECK_MESSAGE(first.find(part) != std::string::npos, part);
    CHECK(first.find("by the simulator") == std::string::npos);
    CHECK(first.find("nan") == std::string::npos);
}

TEST_CASE("report: numbers and charts") {
    CHECK(report::number(10000) == "10000");
    CHECK(report::number(0.12345678) == "0.1235");
    CHECK(report::percent(.935) == "93.5 %");
    auto line = [](const std::vector<report::XY>& points) {
        report::Chart chart;
        chart.title = "loss", chart.x_label = "updates";
        chart.series = {{"a", points}, {"b", {{0, 2}}}};
        return report::line_chart(chart);
    };
    CHECK(line({}).empty());
    CHECK(line({{0, 1}, {1000, 3}}).empty());          // two points are no curve
    CHECK(line({{0, 1}, {0, 2}, {1000, 3}}).empty());  // at two x
    CHECK(line({{0, 1}, {500, HUGE_VAL}, {1000, 3}}).empty());
    const std::string chart = line({{0, 1}, {500, 2}, {1000, 3}});
    CHECK(balanced(chart));
    for (const char* part : {">1000<", ">0<", "loss", "updates", "</svg> a</span>"})
        CHECK_MESSAGE(chart.find(part) != std::string::npos, part);
    const std::string bar = report::divided_bar("what became", {{"good", 3}, {"none", 0}, {"bad", 1}});
    CHECK(balanced(bar));
    CHECK(bar.find("good: 3, 75 %") != std::string::npos);
    CHECK(bar.find("none") == std::string::npos);
    CHECK(report::divided_bar("what became", {{"good", 0}}).empty());
}

TEST_CASE("report: no label of an axis leaves its chart") {
    // At most 6.6 units per character of 11 px, in a chart of 420 units.
    for (double unit : {1e-4, .37, 1.0, 1000.0, 123456.0, 1e9}) {
        report::Chart chart;
        chart.title = "any", chart.x_label = "x";
        chart.series = {{"a", {{0, -unit}, {unit / 3, 0}, {unit, unit}}}};
        const std::string svg = report::line_chart(chart);
        int labels = 0;
        for (size_t at = svg.find("<text"); at != std::string::npos; at = svg.find("<text", at + 1)) {
            const std::string tag = svg.substr(at, svg.find('>', at) - at);
            const double x = std::stod(tag.substr(tag.find(" x=\"") + 4));
            const size_t from = svg.find('>', at) + 1;
            const double width = 6.6 * static_cast<double>(svg.find('<', from) - from);
            const bool middle = tag.find("middle") != std::string::npos;
            CHECK_MESSAGE(x - (middle ? width / 2 : width) >= -.1, svg.substr(at, 90));
            CHECK_MESSAGE(x + (middle ? width / 2 : 0) <= 420.1, svg.substr(at, 90));
            ++labels;
        }
        CHECK(labels >= 5);
    }
}

TEST_CASE("report: numbers for the script are packed in 8 or 16 bits") {
    for (int bits : {8, 16}) {
        const data::Json table = report::packed({-2, std::nan(""), 6, 2}, bits);
        CHECK(table.at("low").as_real() == -2);
        CHECK(table.at("high").as_real() == 6);
        // 0, the last code, the last but one, and half of it.
        CHECK(table.at("data").as_string() == (bits == 8 ? "AP/+fw==" : "AAD///7//38="));
    }
    CHECK(report::packed({}, 8).at("data").as_string().empty());
    CHECK(report::packed({3, 3}, 8).at("data").as_string() == "AAA=");
}

TEST_CASE("results: arrival errors in bins up to twice the threshold") {
    Config config;
    config.augment.accept_threshold = .4;
    data::Json results = data::Json::object();
    put_arrival_errors(results, "errors", {0, .019, .021, .39, .795, .81, 1e9, std::nan("")}, config);
    const data::Json& histogram = results.at("errors");
    CHECK(histogram.at("width").as_real() == doctest::Approx(.02));
    std::vector<int64_t> counts;
    for (const data::Json& count : histogram.at("counts").elements()) counts.push_back(count.as_integer());
    std::vector<int64_t> expected(40, 0);
    expected[0] = 2, expected[1] = 1, expected[19] = 1, expected[39] = 4;
    CHECK(counts == expected);
    config.augment.accept_threshold = 0;  // nothing but exact arrivals
    put_arrival_errors(results, "errors", {0, .1}, config);
    CHECK(results.at("errors").at("counts").elements().back().as_integer() == 2);
}

TEST_CASE("report: mean differences with intervals by Student's t") {
    CHECK(report::mean_difference({}).pairs == 0);
    CHECK(std::isinf(report::mean_difference({.5}).half));
    const report::Difference d = report::mean_difference({.1, .2, .3});  // standard error .1 / sqrt(3)
    CHECK(d.mean == doctest::Approx(.2));
    CHECK(d.half == doctest::Approx(4.303 * .1 / std::sqrt(3.0)));
    CHECK(report::mean_difference(std::vector<double>(200, .5)).half == doctest::Approx(0));
}

TEST_CASE("report: runs of two settings are compared seed by seed") {
    const TemporaryFolder folders[4];
    std::vector<std::string> paths;
    int n = 0;
    for (const TemporaryFolder& folder : folders) {  // seeds 1 and 2 with gap 8, then with gap 16
        const int seed = 1 + n % 2, gap = n < 2 ? 8 : 16;
        const double raw = .1 * seed, made = raw + (n < 2 ? .2 : .5) + .01 * seed;
        data::write_text_file(
            folder / "results.json",
            text("{\"environment\": \"pointmaze-large-v0\", \"success/raw/iql/last\": ", raw,
                 ", \"success/augmented/iql/last\": ", made, ", \"success/augmented/iql/steps\": ", 100 + n, "}"));
        data::write_text_file(folder / "config.ini",
                              text("seed = ", seed, "\nthreads = 1\n[planner]\ngap = ", gap, "\ncontext = 16\n"));
        paths.push_back(folder.path), ++n;
    }
    const std::string page = report::render(paths);
    CHECK(balanced(page));
    // Within runs: .21, .22, .51, .52. Between settings: .3 for both seeds, and nothing for the recorded data.
    for (const char* part :
         {"less the data as they are</td><td>+36.5</td>", "less those of", "<td>+30</td><td>30 to 30</td><td>2</td>",
          "<td>0</td><td>0 to 0</td><td>2</td>", "Settings that differ", "<td>planner.gap</td><td>8</td>",
          "<td>seed</td><td>1</td><td>2</td><td>1</td><td>2</td>", "101.5 (100 to 103)"})
        CHECK_MESSAGE(page.find(part) != std::string::npos, part);
    CHECK(page.find("planner.context</td>") == std::string::npos);
    CHECK(page.find("threads</td>") == std::string::npos);
}

TEST_CASE("report: several runs of one environment are summarised by median and range") {
    const TemporaryFolder a, b, c;
    int64_t n = 1;
    for (const auto& [folder, success] : {std::pair{&a, "0.9"}, std::pair{&b, "0.5"}, std::pair{&c, "0.7"}}) {
        data::write_text_file(
            *folder / "results.json",
            std::string("{\"environment\": \"pointmaze-large-v0\", \"success/augmented/iql/last\": ") + success +
                ", \"spearman_closed\": 0.99}");
        data::write_text_file(*folder / "metrics.csv",
                              text("step,wall_s,key,value\n100,1,tdr/loss,", n, "\n200,1,tdr/loss,", 2 * n,
                                   "\n300,1,tdr/loss,", 3 * n, "\n"));
        ++n;
    }
    const std::string page = report::render({a.path, b.path, c.path});
    CHECK(balanced(page));
    CHECK(page.find("3 runs") != std::string::npos);
    CHECK(page.find("70 % (50 % to 90 %)") != std::string::npos);
    CHECK(page.find("class=\"band line0\"") != std::string::npos);
    CHECK(report::render({a.path, b.path}).find("70 % (50 % to 90 %)") != std::string::npos);  // the mean of two
    CHECK(report::render({a.path}).find("band line0\"") == std::string::npos);
}
