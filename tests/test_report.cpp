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
