#include "astro/measure/joins.h"

#include <algorithm>
#include <map>

#include "tensor/base/error.h"
#include "tensor/base/rows.h"

namespace astro::method {

Joins count_joins(const data::Dataset& stitched, const data::Dataset& source) {
    std::map<std::pair<int64_t, int64_t>, int64_t> pairs;
    std::map<int64_t, EpisodeJoins> episodes;
    auto episode_of = [&](int64_t row) -> int64_t {
        if (row < 0 || row >= source.rows)
            fail(ErrorKind::data, "a bridge names row ", row, " of the ", source.rows, " rows that were stitched");
        return nth(source.episode_of, row);
    };
    Joins joins;
    int64_t open = -1;
    for (size_t t = 0; t < stitched.bridge.size(); ++t) {
        const int64_t bridge = stitched.bridge[t];
        if (bridge >= 0 && bridge != open) {
            const int64_t from = episode_of(stitched.source_row[t]), to = episode_of(stitched.target_row[t]);
            ++joins.bridges;
            ++pairs[{from, to}];
            ++episodes[from].left;
            ++episodes[to].entered;
        }
        open = stitched.terminals[t] ? -1 : bridge;
    }
    for (const auto& [pair, count] : pairs) joins.pairs.push_back({pair.first, pair.second, count});
    for (auto& [episode, counts] : episodes) {
        counts.episode = episode;
        joins.episodes.push_back(counts);
    }
    // Both are in the order of their numbers, which a stable sort keeps among equals.
    std::stable_sort(joins.pairs.begin(), joins.pairs.end(),
                     [](const Join& a, const Join& b) { return a.bridges > b.bridges; });
    std::stable_sort(joins.episodes.begin(), joins.episodes.end(), [](const EpisodeJoins& a, const EpisodeJoins& b) {
        return a.left + a.entered > b.left + b.entered;
    });
    return joins;
}

}  // namespace astro::method
