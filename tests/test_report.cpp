// The report: the page of a generated run folder is deterministic and well formed; missing parts are left out.
#include <doctest/doctest.h>

#include <vector>

#include "apps/report/report.h"
#include "apps/report/svg.h"
#include "apps/run/run_dir.h"
#include "data/file.h"
#include "data/npz.h"
#include "tensor/base/error.h"
#include "tests/temporary_folder.h"

using namespace astro;
using namespace astro::app;

namespace {

// Whether all tags are closed in the right order.
bool balanced(const std::string& html) {
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
        "\"success/raw/gcbc/task1\": 1, \"success/augmented/gcbc/last\": 0.95, \"warnings\": [\"a <b> & c\"], "
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
    for (const char* part :
         {"95 %", "class=\"bridge\"", "class=\"heat\"", "tdr/loss", "a &lt;b&gt; &amp; c", "class=\"wall\""})
        CHECK_MESSAGE(page.find(part) != std::string::npos, part);
    CHECK(page.find("nan") == std::string::npos);
    const TemporaryFolder empty;
    CHECK_THROWS_WITH_AS(report::render({empty.path}), doctest::Contains("no run folder"), Error);
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
    CHECK(report::line_chart("none", "x", {{"a", {}}}).empty());
    const std::string chart =
        report::line_chart("loss", "updates", {{"a", {{0, 1}, {100, 3}}}, {"b", {{0, 2}, {100, 2}}}});
    CHECK(balanced(chart));
    CHECK(chart.find(">100<") != std::string::npos);
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
                              text("step,wall_s,key,value\n100,1,tdr/loss,", n, "\n200,1,tdr/loss,", 2 * n, "\n"));
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
