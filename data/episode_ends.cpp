#include "data/episode_ends.h"

#include <algorithm>
#include <functional>
#include <set>

#include "tensor/base/error.h"

namespace astro::data {

namespace {

enum class Mark { last_rows, first_rows, episode, ends, lengths };
struct MarkName {
    const char* key;
    Mark mark;
};
constexpr MarkName kMarks[] = {{"terminals", Mark::last_rows},
                               {"timeouts", Mark::last_rows},
                               {"terminations", Mark::last_rows},
                               {"truncations", Mark::last_rows},
                               {"dones", Mark::last_rows},
                               {"terminal", Mark::last_rows},
                               {"timeout", Mark::last_rows},
                               {"terminated", Mark::last_rows},
                               {"truncated", Mark::last_rows},
                               {"done", Mark::last_rows},
                               {"episode_terminals", Mark::last_rows},
                               {"is_last", Mark::last_rows},
                               {"episode_starts", Mark::first_rows},
                               {"is_first", Mark::first_rows},
                               {"episode_ids", Mark::episode},
                               {"episode_id", Mark::episode},
                               {"episode_index", Mark::episode},
                               {"traj_ids", Mark::episode},
                               {"episode_ends", Mark::ends},
                               {"episode_lengths", Mark::lengths},
                               {"traj_lengths", Mark::lengths}};

bool is_whole(NpyType type) { return type != NpyType::f2 && type != NpyType::f4 && type != NpyType::f8; }

// Ends collected from all keys over `rows` rows, which are those of observations or of actions.
class Collector {
  public:
    Collector(const NpzReader& reader, int64_t rows, int64_t steps) : reader_(reader), rows_(rows), steps_(steps) {
        for (const MarkName& name : kMarks)
            if (reader.find(name.key) != nullptr) read(name);
        if (length_ == 0) length_ = steps;
        if (!found_ && reader.find("next_observations") != nullptr) compare_next();
        check();
    }

    int64_t length() const { return length_; }
    const std::vector<uint8_t>& ends() const { return ends_; }
    int64_t episodes() const { return std::count(ends_.begin(), ends_.end(), uint8_t{1}); }
    std::vector<std::string> notes() const {
        std::vector<std::string> notes;
        if (keys_ != "terminals") notes.push_back("episode ends by " + words_);
        if (!last_marked_) notes.push_back("the last row has no end mark and is taken for an end");
        return notes;
    }

  private:
    void read(const MarkName& name) {
        const NpzEntry& entry = reader_.entry(name.key);
        const std::vector<int64_t>& shape = entry.header.shape;
        const bool vector = shape.size() == 1 || (shape.size() == 2 && shape[1] == 1);
        if (!vector || !entry.header.supported)
            fail(ErrorKind::data, reader_.where(name.key), ": ",
                 entry.header.supported ? "shape " + shape_text(shape) : "dtype not supported",
                 ", expected one number or bool a row; hint: rename it if it says nothing of episode ends");
        const bool each_row = shape[0] == rows_ || shape[0] == steps_;
        if (name.mark == Mark::ends || name.mark == Mark::lengths) {
            // `episode_ends` may be flags, too.
            if (name.mark == Mark::ends && each_row && entry.header.type == NpyType::b1)
                return flags(name, shape[0], 0);
            return from_bounds(name);
        }
        if (name.mark == Mark::first_rows && !each_row && is_whole(entry.header.type)) return from_first_rows(name);
        if (!each_row)
            fail(ErrorKind::data, reader_.where(name.key), ": shape ", shape_text(shape), ", expected (", steps_,
                 rows_ != steps_ ? text(",) or (", rows_) : std::string(), ",), a mark for each row");
        if (name.mark == Mark::episode) return from_numbers(name, shape[0]);
        flags(name, shape[0], name.mark == Mark::first_rows ? 1 : 0);
    }

    // behind: 1 where a mark stands on the row behind the end.
    void flags(const MarkName& name, int64_t length, size_t behind) {
        const std::vector<uint8_t> values = reader_.read_as<uint8_t>(name.key);
        const auto bad = std::find_if(values.begin(), values.end(), [](uint8_t v) { return v > 1; });
        if (bad != values.end())
            fail(ErrorKind::data, reader_.where(name.key), " row ", bad - values.begin(), ": ", int{*bad},
                 ", expected 0 or 1");
        set_length(name.key, length);
        int64_t count = 0;
        for (size_t t = behind; t < values.size(); ++t) {
            if (values[t] == 0) continue;
            ends_[t - behind] = 1;
            ++count;
        }
        const bool starts = behind == 1 && std::find(values.begin(), values.end(), uint8_t{1}) != values.end();
        if (starts) ++count, ends_.back() = 1;
        add(name.key, count, starts);
    }

    void from_numbers(const MarkName& name, int64_t length) {
        const std::vector<int64_t> values = reader_.read_as<int64_t>(name.key);
        set_length(name.key, length);
        std::set<int64_t> seen;
        int64_t count = 0;
        for (size_t t = 0; t < values.size(); ++t) {
            if (t + 1 < values.size() && values[t + 1] == values[t]) continue;
            if (!seen.insert(values[t]).second)
                fail(ErrorKind::data, reader_.where(name.key), " row ", t, ": episode ", values[t],
                     " again, after another: expected the rows of an episode one after another; hint: sort the rows by "
                     "episode, then by step");
            ends_[t] = 1;
            ++count;
        }
        add(name.key, count, true);
    }

    // Lengths, or where each episode ends: behind its last row, or on it.
    void from_bounds(const MarkName& name) {
        std::vector<int64_t> bounds = reader_.read_as<int64_t>(name.key);
        int64_t before = 0;
        if (name.mark == Mark::lengths)
            for (int64_t& bound : bounds) before = bound = bound > rows_ ? -1 : bound + before;
        if (!bounds.empty() && name.mark == Mark::ends && (bounds.back() == steps_ - 1 || bounds.back() == rows_ - 1) &&
            bounds.back() != steps_)
            for (int64_t& bound : bounds) ++bound;
        mark(name.key, bounds,
             text(name.mark == Mark::ends ? "expected ascending rows up to " : "expected lengths whose sum is ",
                  steps_));
    }

    void from_first_rows(const MarkName& name) {
        std::vector<int64_t> bounds = reader_.read_as<int64_t>(name.key);
        if (!bounds.empty() && bounds.front() == 0) {
            bounds.erase(bounds.begin());
            bounds.push_back(bounds.empty() || bounds.back() < steps_ ? steps_ : rows_);
        }
        mark(name.key, bounds, text("expected ascending first rows from 0 to ", steps_));
    }

    // bounds: for each episode the row behind its last one.
    void mark(const char* key, const std::vector<int64_t>& bounds, const std::string& expected) {
        const bool sound = !bounds.empty() && (bounds.back() == rows_ || bounds.back() == steps_) && bounds[0] > 0;
        if (!sound || std::adjacent_find(bounds.begin(), bounds.end(), std::greater_equal<int64_t>()) != bounds.end())
            fail(ErrorKind::data, reader_.where(key), ": ", expected,
                 rows_ != steps_ ? text(" or ", rows_) : std::string());
        set_length(key, bounds.back());
        for (int64_t bound : bounds) ends_[static_cast<size_t>(bound) - 1] = 1;
        add(key, static_cast<int64_t>(bounds.size()), true);
    }

    void compare_next() {
        const std::vector<int64_t>& shape = reader_.entry("next_observations").header.shape;
        if (shape != reader_.entry("observations").header.shape || rows_ != steps_) return;
        const std::vector<float> now = reader_.read_as<float>("observations"),
                                 next = reader_.read_as<float>("next_observations");
        const size_t width = now.size() / static_cast<size_t>(rows_);
        set_length("next_observations", rows_);
        int64_t count = 0;
        for (size_t t = 0; t < ends_.size(); ++t) {
            const float* here = next.data() + t * width;
            if (t + 1 < ends_.size() && std::equal(here, here + width, now.data() + (t + 1) * width)) continue;
            ends_[t] = 1;
            ++count;
        }
        add("next_observations that are not the next row's observation", count, true);
    }

    void set_length(const char* key, int64_t length) {
        if (length_ == 0) length_ = length, ends_.assign(static_cast<size_t>(length), 0), length_of_ = key;
        if (length_ != length)
            fail(ErrorKind::data, reader_.where(key), ": marks for ", length, " rows, those of '", length_of_,
                 "' are for ", length_, "; hint: keep the one that is right");
    }

    void add(const std::string& key, int64_t count, bool tells_last) {
        found_ = found_ || count > 0;
        keys_ += (keys_.empty() ? "" : ", ") + key;
        if (count == 0) {
            empty_ += (empty_.empty() ? "" : ", ") + key;
            return;
        }
        words_ += text(words_.empty() ? "" : ", ", key, " (", count, ")");
        if (count == length_) everywhere_ = key;
        last_marked_ = last_marked_ || tells_last;
    }

    void check() {
        if (!found_ && keys_.empty())
            fail(ErrorKind::data, reader_.path(),
                 ": no array tells where episodes end; expected 'terminals', 1 on the ",
                 "last row of each episode (timeouts, truncations, dones, episode_ids and others are understood, too); "
                 "it has: ",
                 reader_.keys());
        if (!found_)
            fail(ErrorKind::data, reader_.path(), ": no row ends an episode: ", empty_,
                 " is 0 in every row; expected 1 on the last row of each episode; hint: time limits count, too: "
                 "keep 'timeouts' or 'truncations' as well, or add 'episode_ids'");
        last_marked_ = last_marked_ || ends_.back() != 0;
        ends_.back() = 1;
        if (episodes() == length_ && length_ > 1)
            fail(ErrorKind::data, reader_.path(), ": every row ends an episode, which leaves no transition: ",
                 everywhere_.empty() ? words_ : everywhere_,
                 " says so; expected 1 on the last row of each episode alone, and the rows in order of time");
    }

    const NpzReader& reader_;
    int64_t rows_, steps_;
    int64_t length_ = 0;     // rows that the marks are for; 0: not known yet
    std::string length_of_;  // the key that said so
    std::vector<uint8_t> ends_;
    std::string keys_, words_, empty_, everywhere_;
    bool found_ = false, last_marked_ = false;
};

}  // namespace

EpisodeEnds read_episode_ends(const NpzReader& reader, int64_t rows, int64_t steps) {
    const Collector marks(reader, rows, steps);
    const int64_t episodes = marks.episodes();
    EpisodeEnds result;
    result.rows = rows;
    result.notes = marks.notes();
    if (rows == steps) {
        result.terminals = marks.ends();
        return result;
    }
    if (rows == steps + 1 && episodes > 1) {
        result.terminals = marks.ends();
        if (marks.length() == steps) {
            result.rows = steps;
            result.notes.push_back("the last observation, which no action leaves, is left out");
            return result;
        }
        for (int64_t t = 0; t < rows; ++t) result.action_of.push_back(t < steps ? t : -1);
        result.notes.push_back("the last row has no action");
        return result;
    }
    if (rows != steps + episodes)
        fail(ErrorKind::data, reader.where("actions"), ": ", steps, " rows, observations has ", rows, " and ", episodes,
             episodes == 1 ? " episode" : " episodes", ": expected ", rows, ", or ", rows - episodes,
             " where each episode ends with an observation without an action");
    // Each episode ends with an observation that no action leaves.
    const bool with_last = marks.length() == rows;  // the marks count those rows, too
    int64_t step = 0;
    for (int64_t t = 0; t < marks.length(); ++t) {
        const bool end = marks.ends()[static_cast<size_t>(t)] != 0;
        result.action_of.push_back(end && with_last ? -1 : step++);
        result.terminals.push_back(end && with_last ? 1 : 0);
        if (!end || with_last) continue;
        result.action_of.push_back(-1);
        result.terminals.push_back(1);
    }
    result.notes.push_back("each episode ends with an observation that no action leaves");
    return result;
}

}  // namespace astro::data
