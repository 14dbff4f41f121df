// A rival without models: goals swapped between episodes that meet [idea: Ghugare, Geist, Berseth & Eysenbach, ICLR
// 2024, arXiv 2401.11237; meetings, threshold and rows: ours, docs/method.md 9.8].
//
// An episode follows recorded rows up to a state that is close to a state of another episode, and continues with the
// rows of that episode. Rows before this meeting therefore get hindsight goals from the other episode, too. No row is
// generated. The transition into the other episode is a bridge of one recorded action, whose end is snapped.
#include <algorithm>
#include <cmath>
#include <limits>

#include "astro/augmenters/augmenter.h"
#include "astro/search/ball_tree.h"
#include "astro/splice.h"
#include "astro/transitions.h"
#include "tensor/base/percentile.h"
#include "tensor/base/scaled_rms.h"
#include "tensor/squared_distance.h"

namespace astro::method::augmenters {

namespace {

// Which rows of different episodes meet: those whose states, each column at standard deviation 1, are at most a
// threshold apart. The threshold is a quantile of the distances from rows to the nearest row of another episode.
class Meetings {
  public:
    Meetings(ThreadPool& threads, const Trajectories& data, double quantile, Rng rng) : data_(data) {
        const std::vector<int64_t> rows = rows_with_successor(data);
        constexpr int64_t kSample = 512;
        std::vector<int64_t> sample;
        for (int64_t i = 0; i < std::min(kSample, ssize(rows)); ++i)
            sample.push_back(nth(rows, rng.below(ssize(rows))));
        std::vector<double> nearest(sample.size());
        threads.run(ssize(sample), [&](int64_t i) {
            double smallest = std::numeric_limits<double>::infinity();
            for (int64_t row : rows)
                if (episode(row) != episode(nth(sample, i)))
                    smallest = std::min(smallest, distance(row, nth(sample, i)));
            nth(nearest, i) = smallest;
        });
        threshold_ = percentile(std::move(nearest), 100 * quantile);
        if (!(threshold_ < std::numeric_limits<double>::infinity()))
            fail(ErrorKind::data, "swap: there are no two episodes with a transition, so none meet");
        tree_ = BallTree(threads, data.dataset->observations.data(), data.dataset->state_dim, rows);
    }

    // One of the rows near `row` in episodes that were not visited, drawn uniformly; -1 if there are none. Rows without
    // a successor do not count.
    int64_t draw(int64_t row, const std::vector<int32_t>& visited, Rng& rng) const {
        std::vector<int64_t> found;
        for (const BallTree::RowRange& range : tree_.near_band(data_.dataset->observation(row), -1, threshold_))
            for (int64_t i = range.begin; i < range.end; ++i) {
                const int64_t other = nth(tree_.rows(), i);
                if (std::find(visited.begin(), visited.end(), episode(other)) == visited.end() &&
                    (range.inside || distance(row, other) <= threshold_))
                    found.push_back(other);
            }
        return found.empty() ? -1 : nth(found, rng.below(ssize(found)));
    }

    int32_t episode(int64_t row) const { return nth(data_.dataset->episode_of, row); }

  private:
    double distance(int64_t a, int64_t b) const {
        const data::Dataset& d = *data_.dataset;
        return std::sqrt(squared_distance(d.observation(a), d.observation(b), d.state_dim));
    }

    const Trajectories& data_;
    double threshold_ = 0;
    BallTree tree_;
};

class Swap : public Augmenter {
  public:
    Swap(Pipeline& pipeline, int64_t qpos_columns) : pipeline_(pipeline), qpos_columns_(qpos_columns) {}

    // Episodes that start at row 0 of a random segment, in rounds. Segments that meet no other are kept as they are.
    data::Dataset make(int64_t rows, const Progress& progress) override {
        const Context& context = pipeline_.context();
        const Trajectories& data = pipeline_.train();
        const Rng stream = Rng(pipeline_.seed()).stream("swap");
        const Meetings meetings(context.threads, data, pipeline_.config().swap.quantile, stream.stream("threshold"));
        std::vector<int64_t> starts;
        for (int64_t k = 0; k < data.count(); ++k)
            if (data.last(k) > data.begin(k)) starts.push_back(k);
        Augmentation made;
        std::vector<Episode> round(to_size(pipeline_.config().augment.chains));
        for (int64_t so_far = 0, first = 0; so_far < rows; first += ssize(round)) {
            context.threads.run(ssize(round), [&](int64_t i) {
                Rng rng = stream.stream(static_cast<uint64_t>(first + i));
                nth(round, i) = follow(meetings, nth(starts, rng.below(ssize(starts))), rng);
            });
            for (Episode& episode : round) {
                if (so_far >= rows) break;
                so_far += episode.chain.rows();
                keep(std::move(episode), made);
            }
            if (progress.made) progress.made(so_far);
        }
        if (made.attempts.empty())
            fail(ErrorKind::data, "swap: none of ", made.chains.size(),
                 " episodes meets another; hint: a larger --swap.quantile");
        return to_dataset(made, pipeline_.train_rows(), pipeline_.units(), pipeline_.statistics(), qpos_columns_);
    }

  private:
    // An episode and its meetings, which chain.attempt counts from 0.
    struct Episode {
        Chain chain;
        std::vector<BridgeAttempt> meetings;
    };

    // Follows a segment to a random row and continues at a row of another episode that meets it. Repeats this up to
    // augment.depth times. Each time, at most augment.targets_per_cut random rows are tried.
    Episode follow(const Meetings& meetings, int64_t segment, Rng& rng) const {
        const AugmentConfig& config = pipeline_.config().augment;
        const Trajectories& data = pipeline_.train();
        Episode episode;
        int64_t first = data.begin(segment), last = data.last(segment);
        std::vector<int32_t> visited = {meetings.episode(first)};
        while (episode.chain.bridges < config.depth) {
            int64_t row = -1, other = -1;
            for (int64_t tries = 0; tries < config.targets_per_cut && other < 0; ++tries) {
                row = first + 1 + rng.below(last - first);
                other = meetings.draw(row, visited, rng);
            }
            if (other < 0) break;
            episode.chain.append_recorded(*data.dataset, first, row - 1);
            episode.meetings.push_back(meeting(row, other));
            episode.chain.append_bridge(episode.meetings.back(), ssize(episode.meetings) - 1, Seam::snap);
            visited.push_back(meetings.episode(other));
            first = other, last = data.last(data.segment(other));
        }
        episode.chain.append_recorded(*data.dataset, first, last);
        return episode;
    }

    // The transition of the row before `row`, which now leads to `other`.
    BridgeAttempt meeting(int64_t row, int64_t other) const {
        const data::Dataset& d = *pipeline_.train().dataset;
        BridgeAttempt made;
        made.source_row = row - 1, made.target_row = other, made.steps = 1;
        made.source_state.assign(d.observation(row - 1), d.observation(row));
        made.target_state.assign(d.observation(other), d.observation(other + 1));
        made.bridge.actions.assign(d.action(row - 1), d.action(row));
        made.bridge.states.assign(d.observation(row), d.observation(row + 1));
        made.bridge.error = scaled_rms(d.observation(row), d.observation(other), pipeline_.statistics().sigma_delta);
        return made;
    }

    // Appends the episode; its meetings are then counted from those before it.
    static void keep(Episode episode, Augmentation& made) {
        for (int64_t& attempt : episode.chain.attempt)
            if (attempt >= 0) attempt += ssize(made.attempts);
        for (BridgeAttempt& meeting : episode.meetings) meeting.chain = ssize(made.chains);
        made.attempts.insert(made.attempts.end(), episode.meetings.begin(), episode.meetings.end());
        made.chains.push_back(std::move(episode.chain));
    }

    Pipeline& pipeline_;
    int64_t qpos_columns_;
};

}  // namespace

std::unique_ptr<Augmenter> make_swap(Pipeline& pipeline, int64_t qpos_columns) {
    return std::make_unique<Swap>(pipeline, qpos_columns);
}

}  // namespace astro::method::augmenters
