#include "tensor/base/nearest_name.h"

#include <algorithm>

namespace astro {

std::string same_spelling(const std::string& name) {
    std::string spelling = name;
    std::replace(spelling.begin(), spelling.end(), '-', '_');
    return spelling;
}

namespace {

// The number of edits (insertion, deletion, replacement, swap of adjacent characters) between two words.
size_t edit_distance(const std::string& a, const std::string& b) {
    std::vector<std::vector<size_t>> cost(a.size() + 1, std::vector<size_t>(b.size() + 1));
    for (size_t i = 0; i <= a.size(); ++i) cost[i][0] = i;
    for (size_t j = 0; j <= b.size(); ++j) cost[0][j] = j;
    for (size_t i = 1; i <= a.size(); ++i)
        for (size_t j = 1; j <= b.size(); ++j) {
            cost[i][j] = std::min(
                {cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0u : 1u)});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
        }
    return cost[a.size()][b.size()];
}

}  // namespace

std::string nearest_name(const std::string& word, const std::vector<std::string>& names) {
    const std::string wanted = same_spelling(word);
    std::string best;
    size_t smallest = std::max<size_t>(2, wanted.size() / 3) + 1;
    for (const std::string& name : names) {
        const std::string known = same_spelling(name);
        size_t distance = edit_distance(wanted, known);
        // A missing section counts as one edit.
        const size_t dot = known.find('.');
        if (dot != std::string::npos) distance = std::min(distance, edit_distance(wanted, known.substr(dot + 1)) + 1);
        if (distance < smallest) {
            smallest = distance;
            best = name;
        }
    }
    return best;
}

}  // namespace astro
