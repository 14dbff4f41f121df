#include "astro/search/landmarks.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <queue>

#include "tensor/base/rows.h"
#include "tensor/squared_distance.h"

namespace astro::method {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

}  // namespace

std::vector<int64_t> farthest_points(const float* points, int64_t width, const std::vector<int64_t>& pool,
                                     int64_t wanted) {
    // The pool's members, grouped by the nearest point taken so far. A point at least twice as far from a group's
    // centre as the group's farthest member is nearest to none of them, so the group is skipped.
    struct Member {
        int64_t place;   // in the pool
        double nearest;  // squared distance to the group's centre
    };
    struct Group {
        int64_t centre;
        std::vector<Member> members;
        Member farthest{0, -1};

        void add(const Member& m) {
            members.push_back(m);
            update_farthest(m);
        }
        void update_farthest(const Member& m) {
            if (m.nearest > farthest.nearest || (m.nearest == farthest.nearest && m.place < farthest.place))
                farthest = m;
        }
    };
    const int64_t size = ssize(pool);
    auto point = [&](int64_t place) { return points + nth(pool, place) * width; };
    std::vector<Group> groups;
    Group all{0, {}, {}};
    for (int64_t i = 0; i < size; ++i) all.add({i, squared_distance(point(i), point(0), width)});
    groups.push_back(std::move(all));
    while (ssize(groups) < std::min(wanted, size)) {
        Member next = groups[0].farthest;
        for (const Group& g : groups)
            if (g.farthest.nearest > next.nearest ||
                (g.farthest.nearest == next.nearest && g.farthest.place < next.place))
                next = g.farthest;
        if (next.nearest <= 0) break;
        Group new_group{next.place, {}, {}};
        for (Group& g : groups) {
            const double gap = squared_distance(point(next.place), point(g.centre), width);
            if (gap > 4.0001 * g.farthest.nearest) continue;
            g.farthest = {0, -1};
            size_t kept = 0;
            for (const Member& m : g.members) {
                const double d = squared_distance(point(m.place), point(next.place), width);
                if (d < m.nearest) {
                    new_group.add({m.place, d});
                } else {
                    g.update_farthest(m);
                    g.members[kept++] = m;
                }
            }
            g.members.resize(kept);
        }
        groups.push_back(std::move(new_group));
    }
    std::vector<int64_t> chosen;
    for (const Group& g : groups) chosen.push_back(nth(pool, g.centre));
    return chosen;
}

std::vector<float> shortest_paths(ThreadPool& threads, int64_t n, const std::function<double(int64_t, int64_t)>& length,
                                  double edge) {
    constexpr float kNone = std::numeric_limits<float>::infinity();
    struct Edge {
        int32_t to;
        float length;
    };
    std::vector<float> lengths(to_size(n * n), kNone);  // of the edges
    const Rows direct(lengths, n);
    std::vector<std::vector<Edge>> edges(to_size(n)), needed(to_size(n));
    threads.run(n, [&](int64_t i) {
        for (int64_t j = 0; j < n; ++j) {
            const double s = i == j ? kInfinity : length(i, j);
            if (!(s <= edge)) continue;
            direct(i, j) = static_cast<float>(s);
            nth(edges, i).push_back({static_cast<int32_t>(j), static_cast<float>(s)});
        }
        std::sort(nth(edges, i).begin(), nth(edges, i).end(), [](const Edge& a, const Edge& b) {
            return a.length < b.length || (a.length == b.length && a.to < b.to);
        });
    });
    // An edge is on no shortest path if two other edges form a shorter one. The margin exceeds the rounding of a sum of
    // some thousand steps, so that removing the edge changes no bit of any path's length.
    threads.run(n, [&](int64_t i) {
        for (const Edge& e : nth(edges, i)) {
            bool undercut = false;
            for (const Edge& first : nth(edges, i)) {
                if (undercut || first.length >= e.length) break;
                undercut = first.length + direct(first.to, e.to) < e.length - 1e-3f;
            }
            if (!undercut) nth(needed, i).push_back(e);
        }
    });
    std::vector<float> closed(to_size(n * n), kNone);
    const Rows distances(closed, n);
    threads.run(n, [&](int64_t source) {  // Dijkstra
        float* distance = distances.row(source);
        using Entry = std::pair<float, int32_t>;
        std::priority_queue<Entry, std::vector<Entry>, std::greater<Entry>> open;
        distance[source] = 0;
        open.emplace(0.0f, static_cast<int32_t>(source));
        while (!open.empty()) {
            const auto [d, i] = open.top();
            open.pop();
            if (d > distance[i]) continue;
            for (const Edge& e : nth(needed, i))
                if (d + e.length < distance[e.to]) {
                    distance[e.to] = d + e.length;
                    open.emplace(distance[e.to], e.to);
                }
        }
    });
    return closed;
}

}  // namespace astro::method
