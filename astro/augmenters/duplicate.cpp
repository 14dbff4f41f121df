// The control: as many rows as an augmenter makes, but only copies of real rows. If a policy gains more with another
// augmenter than with this one, the number of rows is not the reason.
#include <algorithm>

#include "astro/augmenters/augmenter.h"
#include "tensor/base/rows.h"

namespace astro::method::augmenters {

namespace {

class Duplicate : public Augmenter {
  public:
    explicit Duplicate(Pipeline& pipeline) : pipeline_(pipeline) {}

    // Real episodes, cut augment.tail_rows rows after arrival and repeated in random order. The TDR gives the arrival
    // of each episode. Rows after it are left out: they would teach a policy to stay in place.
    data::Dataset make(int64_t rows, const Progress&) override {
        const TemporalMap& map = pipeline_.map();
        const Trajectories& data = *map.data;
        const data::Dataset& d = pipeline_.recorded();  // the same rows as in the map
        const int64_t tail_rows = pipeline_.config().augment.tail_rows;
        data::Dataset out;
        out.state_dim = d.state_dim, out.action_dim = d.action_dim;
        data::copy_precision(d, out);
        out.qpos_dim = d.qpos_dim, out.qvel_dim = d.qvel_dim;
        Rng rng = Rng(pipeline_.seed()).stream("duplicate");
        while (ssize(out.terminals) < rows) {
            const int64_t k = rng.below(data.count());
            const int64_t first = data.begin(k), last = std::min(data.last(k), nth(map.arrival, k) + tail_rows);
            if (last == first) continue;
            out.observations.insert(out.observations.end(), d.observation(first), d.observation(last + 1));
            out.actions.insert(out.actions.end(), d.action(first), d.action(last + 1));
            // If the data have qpos, the labels of a task are computed from it (data/relabel.h).
            out.qpos.insert(out.qpos.end(), d.qpos.data() + first * d.qpos_dim,
                            d.qpos.data() + (last + 1) * d.qpos_dim);
            out.qvel.insert(out.qvel.end(), d.qvel.data() + first * d.qvel_dim,
                            d.qvel.data() + (last + 1) * d.qvel_dim);
            out.terminals.insert(out.terminals.end(), to_size(last - first), 0);
            out.terminals.push_back(1);
        }
        out.rows = ssize(out.terminals);
        data::index_episodes(out);
        return out;
    }

  private:
    Pipeline& pipeline_;
};

}  // namespace

std::unique_ptr<Augmenter> make_duplicate(Pipeline& pipeline, int64_t) { return std::make_unique<Duplicate>(pipeline); }

}  // namespace astro::method::augmenters
