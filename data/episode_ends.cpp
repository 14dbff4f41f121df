#include "data/episode_ends.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <set>

#include "data/array_names.h"
#include "tensor/base/error.h"
#include "tensor/base/rows.h"

namespace astro::data {

namespace {

// Meaning of an array: 1 on last rows; 1 on first rows; number of the episode; row after the last row; number of rows.
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

// Collects the ends that all arrays mark. The marks are either for the rows of observations or for those of actions.
class Collector {
  public:
    Collector(const NpzReader& reader, int64_t rows, int64_t action_rows)
        : reader_(reader), rows_(rows), action_rows_(action_rows) {
        for (const MarkName& name : kMarks)
            if (reader.find(name.key) != nullptr) read(name);
        if (reader.find("next_observations") != nullptr) compare_next();
        if (length_ == 0) length_ = action_rows;
        check();
    }

    int64_t length() const { return length_; }
    const std::vector<uint8_t>& ends() const { return ends_; }
    int64_t episodes() const { return std::count(ends_.begin(), ends_.end(), uint8_t{1}); }
    std::vector<std::string> notes() const {
        std::vector<std::string> notes;
        if (keys_ != "terminals") notes.push_back("episode ends from " + counts_);
        if (lost_ > 0)
            notes.push_back(text("the transitions from the last rows of episodes to next_observations are not used (",
                                 lost_, "), because no row has these states"));
        if (!unused_.empty()) notes.push_back(unused_);
        if (!unreadable_.empty()) notes.push_back(unreadable_ + "; it is not used");
        if (!last_marked_) notes.push_back("the last row has no end mark and is treated as an end");
        return notes;
    }

  private:
    void read(const MarkName& name) {
        const NpzEntry& entry = reader_.entry(name.key);
        const std::vector<int64_t>& shape = entry.header.shape;
        const bool vector = shape.size() == 1 || (shape.size() == 2 && shape[1] == 1);
        if (!vector || !entry.header.supported) {  // something else of the same name, unless nothing marks the ends
            if (!unreadable_.empty()) return;
            unreadable_ = text(reader_.where(name.key), ": ",
                               entry.header.supported ? "shape " + shape_text(shape) : "dtype not supported",
                               ", expected one number or bool per row");
            return;
        }
        const bool each_row = shape[0] == rows_ || shape[0] == action_rows_;
        if (name.mark == Mark::ends || name.mark == Mark::lengths) {
            // `episode_ends` may also contain a flag for each row.
            if (name.mark == Mark::ends && each_row && entry.header.type == NpyType::b1)
                return flags(name, shape[0], 0);
            return from_bounds(name);
        }
        if (name.mark == Mark::first_rows && !each_row && is_whole(entry.header.type)) return from_first_rows(name);
        if (!each_row)
            fail(ErrorKind::data, reader_.where(name.key), ": shape ", shape_text(shape), ", expected (", action_rows_,
                 rows_ != action_rows_ ? text(",) or (", rows_) : std::string(), ",), one mark per row");
        if (name.mark == Mark::episode) return from_numbers(name, shape[0]);
        flags(name, shape[0], name.mark == Mark::first_rows ? 1 : 0);
    }

    // offset: from the end of an episode to the marked row. 0: last rows are marked; 1: first rows.
    void flags(const MarkName& name, int64_t length, size_t offset) {
        const std::vector<uint8_t> values = reader_.read_flags(name.key);
        set_length(name.key, length);
        int64_t count = 0;
        for (size_t t = offset; t < values.size(); ++t) {
            if (values[t] == 0) continue;
            ends_[t - offset] = 1;
            ++count;
        }
        const bool starts = offset == 1 && std::find(values.begin(), values.end(), uint8_t{1}) != values.end();
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
                     " again, after another episode; expected the rows of an episode to be contiguous; hint: sort the "
                     "rows by episode, then by step");
            ends_[t] = 1;
            ++count;
        }
        add(name.key, count, true);
    }

    // Lengths of episodes, or rows of their ends. The latter are the rows after the last rows or the last rows,
    // depending on the last element.
    void from_bounds(const MarkName& name) {
        std::vector<int64_t> bounds = reader_.read_as<int64_t>(name.key);
        int64_t before = 0;
        if (name.mark == Mark::lengths)
            for (int64_t& bound : bounds) before = bound = bound > rows_ ? -1 : bound + before;
        if (!bounds.empty() && name.mark == Mark::ends &&
            (bounds.back() == action_rows_ - 1 || bounds.back() == rows_ - 1) && bounds.back() != action_rows_)
            for (int64_t& bound : bounds) ++bound;
        mark(name.key, bounds,
             text(name.mark == Mark::ends ? "expected ascending rows up to " : "expected lengths whose sum is ",
                  action_rows_));
    }

    void from_first_rows(const MarkName& name) {
        std::vector<int64_t> bounds = reader_.read_as<int64_t>(name.key);
        if (!bounds.empty() && bounds.front() == 0) {
            bounds.erase(bounds.begin());
            bounds.push_back(bounds.empty() || bounds.back() < action_rows_ ? action_rows_ : rows_);
        }
        mark(name.key, bounds, text("expected ascending first rows from 0 to ", action_rows_));
    }

    // bounds: for each episode, the row after its last row.
    void mark(const char* key, const std::vector<int64_t>& bounds, const std::string& expected) {
        const bool valid =
            !bounds.empty() && (bounds.back() == rows_ || bounds.back() == action_rows_) && bounds[0] > 0;
        if (!valid || std::adjacent_find(bounds.begin(), bounds.end(), std::greater_equal<int64_t>()) != bounds.end())
            fail(ErrorKind::data, reader_.where(key), ": ", expected,
                 rows_ != action_rows_ ? text(" or ", rows_) : std::string());
        set_length(key, bounds.back());
        for (int64_t bound : bounds) ends_[to_size(bound) - 1] = 1;
        add(key, ssize(bounds), true);
    }

    // An episode also ends where the stored next observation is not that of the next row. If this is so in most rows,
    // the array contains something else.
    void compare_next() {
        const NpzEntry& entry = *reader_.find("next_observations");
        if (found_ && (!entry.problem.empty() || !entry.header.supported)) return;  // load_dataset notes this
        const std::vector<int64_t>& shape = reader_.entry("next_observations").header.shape;
        if (shape != reader_.entry("observations").header.shape || rows_ != action_rows_) return;
        if (length_ != 0 && length_ != rows_) return;
        const std::vector<float> now = reader_.read_as<float>("observations");
        std::vector<float> next;
        try {
            next = reader_.read_as<float>("next_observations");
        } catch (const Error& error) {
            if (!found_ || error.kind() != ErrorKind::data) throw;
            unused_ = "next_observations cannot be read and are not used";
            return;
        }
        const size_t width = now.size() / to_size(rows_);
        std::vector<size_t> ends;
        for (size_t t = 0; t + 1 < to_size(rows_); ++t) {
            const float* stored = next.data() + t * width;
            if (!std::equal(stored, stored + width, now.data() + (t + 1) * width)) ends.push_back(t);
        }
        if (found_ && 2 * ssize(ends) > rows_) {
            unused_ = text("next_observations differ from the next row's observation in ", ssize(ends), " of ", rows_,
                           " rows and are not used");
            return;
        }
        if (!ends.empty()) lost_ = ssize(ends) + 1;  // and that of the last row
        const auto marked = [&](size_t t) { return !ends_.empty() && ends_[t] != 0; };
        const auto further = std::count_if(ends.begin(), ends.end(), [&](size_t t) { return !marked(t); });
        if (found_ && further == 0) return;
        set_length("next_observations", rows_);
        for (size_t t : ends) ends_[t] = 1;
        add("next_observations that differ from the next row's observation", ssize(ends) + 1, true);
    }

    void set_length(const char* key, int64_t length) {
        if (length_ == 0) length_ = length, ends_.assign(to_size(length), 0), length_key_ = key;
        if (length_ != length)
            fail(ErrorKind::data, reader_.where(key), ": has marks for ", length, " rows, but '", length_key_,
                 "' has marks for ", length_, "; hint: remove the wrong array");
    }

    // Records that the array `key` marks `count` ends. implies_last: such an array also implies that the last row of
    // the file is an end.
    void add(const std::string& key, int64_t count, bool implies_last) {
        found_ = found_ || count > 0;
        keys_ += (keys_.empty() ? "" : ", ") + key;
        if (count == 0) {
            unmarked_keys_ += (unmarked_keys_.empty() ? "" : ", ") + key;
            return;
        }
        counts_ += text(counts_.empty() ? "" : ", ", key, " (", count, ")");
        if (count == length_) every_row_key_ = key;
        last_marked_ = last_marked_ || implies_last;
    }

    void check() {
        if (!found_ && !unreadable_.empty())
            fail(ErrorKind::data, unreadable_,
                 ", and no other array marks an end; hint: add terminals, 1 on the last row of each episode");
        if (!found_ && keys_.empty())
            fail(ErrorKind::data, reader_.path(),
                 ": no array marks the ends of episodes; expected 'terminals', 1 on the last row of each episode "
                 "(timeouts, truncations, dones, episode_ids and others are also supported); it has: ",
                 reader_.keys(), renaming_hint(reader_));
        if (!found_)
            fail(ErrorKind::data, reader_.path(), ": no row ends an episode: ", unmarked_keys_,
                 " is 0 in every row; expected 1 on the last row of each episode; hint: a time limit also ends an "
                 "episode: include 'timeouts' or 'truncations', or add 'episode_ids'");
        last_marked_ = last_marked_ || ends_.back() != 0;
        ends_.back() = 1;
        if (episodes() == length_ && length_ > 1)
            fail(
                ErrorKind::data, reader_.path(), ": every row ends an episode according to ",
                every_row_key_.empty() ? counts_ : every_row_key_,
                ", so there are no transitions; expected 1 only on the last row of each episode, and the rows in order "
                "of time");
    }

    const NpzReader& reader_;
    int64_t rows_, action_rows_;
    int64_t length_ = 0;      // number of rows for which there are marks; 0: not known yet
    std::string length_key_;  // the first array that was read, which determined length_
    std::vector<uint8_t> ends_;
    std::string keys_;           // arrays that were read
    std::string counts_;         // arrays with at least one mark, and the numbers of their marks
    std::string unmarked_keys_;  // arrays without any mark
    std::string unreadable_;     // an array that cannot mark ends
    std::string unused_;         // why next_observations are not used
    std::string every_row_key_;  // an array that marks every row
    int64_t lost_ = 0;           // last rows of episodes whose next state is stored
    bool found_ = false, last_marked_ = false;
};

}  // namespace

bool marks_ends(std::string_view key) {
    return std::any_of(std::begin(kMarks), std::end(kMarks), [&](const MarkName& name) { return name.key == key; });
}

EpisodeEnds read_episode_ends(const NpzReader& reader, int64_t rows, int64_t action_rows) {
    const Collector marks(reader, rows, action_rows);
    const int64_t episodes = marks.episodes();
    EpisodeEnds result;
    result.rows = rows;
    result.notes = marks.notes();
    if (rows == action_rows) {
        result.terminals = marks.ends();
        return result;
    }
    if (rows == action_rows + 1 && episodes > 1) {
        result.terminals = marks.ends();
        if (marks.length() == action_rows) {
            result.rows = action_rows;
            result.notes.push_back("the last observation has no action and is omitted");
            return result;
        }
        for (int64_t t = 0; t < rows; ++t) result.action_of.push_back(t < action_rows ? t : -1);
        result.notes.push_back("the last row has no action");
        return result;
    }
    if (rows != action_rows + episodes)
        fail(ErrorKind::data, reader.where("actions"), ": ", action_rows, " rows, observations has ", rows, " and ",
             episodes, episodes == 1 ? " episode" : " episodes", ": expected ", rows, ", or ", rows - episodes,
             " if each episode ends with an observation without an action");
    // Each episode ends with an observation without an action.
    const bool with_last = marks.length() == rows;  // the marks include the rows of these observations
    int64_t action_row = 0;
    for (int64_t t = 0; t < marks.length(); ++t) {
        const bool end = marks.ends()[to_size(t)] != 0;
        result.action_of.push_back(end && with_last ? -1 : action_row++);
        result.terminals.push_back(end && with_last ? 1 : 0);
        if (!end || with_last) continue;
        result.action_of.push_back(-1);
        result.terminals.push_back(1);
    }
    result.notes.push_back("each episode ends with an observation without an action");
    return result;
}

}  // namespace astro::data
