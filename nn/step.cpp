#include "nn/step.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "tensor/base/rows.h"
#include "tensor/tape.h"

namespace astro::nn {

namespace {

constexpr int64_t kAlignment = 64, kFirstBlock = 1 << 14;  // bytes
constexpr int64_t kMaxMetrics = 16;

}  // namespace

Tensor Inputs::add(DType type, const Shape& shape, const void* values) {
    if (round_ == 0 && last_round_ > (block_.defined() ? block_.numel() : 0))  // a whole round should fit in one block
        block_ = Tensor(backend_, DType::u8, Shape{last_round_});
    const int64_t bytes = shape.numel() * dtype_size(type), place = (bytes + kAlignment - 1) / kAlignment * kAlignment;
    const auto used = ssize(host_);
    if (!block_.defined() || used + place > block_.numel()) {
        send();
        block_ = Tensor(backend_, DType::u8, Shape{std::max(kFirstBlock, place)});
        return add(type, shape, values);
    }
    layout_.emplace_back(type, shape);
    const char* from = static_cast<const char*>(values);
    host_.insert(host_.end(), from, from + bytes);
    host_.resize(to_size(used + place));
    round_ += place;
    return block_.part(used, type, shape);
}

void Inputs::send() {
    if (!host_.empty()) backend_.upload(block_.raw(), host_.data(), ssize(host_));
    host_.clear();
}

void Inputs::upload() {
    send();
    last_round_ = std::exchange(round_, 0);
    settled_ = layout_ == last_layout_;
    last_layout_ = std::exchange(layout_, {});
}

void Inputs::restart() {
    host_.clear(), layout_.clear();
    round_ = 0;
}

struct Step::Kind {
    Inputs inputs;
    std::vector<std::string> names;  // of the reported metrics
    std::unique_ptr<CapturedWork> captured;
    Inputs::Layout captured_inputs;

    explicit Kind(Backend& backend) : inputs(backend) {}
};

Step::Step(Steps& steps, Kind& kind, int64_t update) : steps_(steps), kind_(kind), update_(update) {
    kind.inputs.restart();  // discard the inputs of a step that was never run
    serial_ = number(static_cast<double>(update + 1));
}

Inputs& Step::inputs() { return kind_.inputs; }

Tensor Step::streams(int64_t n, const std::function<Rng(int64_t)>& stream) {
    std::vector<int64_t> states;
    for (int64_t i = 0; i < n; ++i) {
        const std::array<int64_t, 3> state = Rng::pack(stream(i).state());
        states.insert(states.end(), state.begin(), state.end());
    }
    return input(Shape{n, 3}, states);
}

double* Step::failed() { return steps_.report_.data<double>(); }

void Step::share(int64_t n, const std::function<void(int64_t, int64_t)>& f) {
    constexpr int64_t kMin = 1 << 14;  // minimum number of elements per piece
    const int64_t pieces = chunk_count(steps_.pieces_, n / kMin);
    steps_.threads_.run(pieces, [&](int64_t i) {
        const auto [first, count] = chunk_rows(n, pieces, i);
        f(first, count);
    });
}

void Step::report(const std::string& name, const Tensor& value) {
    kind_.names.push_back(name);
    const auto n = ssize(kind_.names);
    ASTRO_CHECK(n <= kMaxMetrics, "a step reports more than ", kMaxMetrics, " metrics");
    steps_.backend_.record_metric(value.dtype(), value.numel(), value.raw(), serial_.data<double>(), failed() + n,
                                  failed());
}

void Step::run(const std::function<void()>& body) {
    Kind& k = kind_;
    k.inputs.upload();
    auto compute = [&] {
        k.names.clear();
        body();
    };
    if (FiniteCheck::on()) {  // the check reads results on the host, so the body cannot be captured or replayed
        compute();
    } else {
        // Recordings contain addresses, so a step is recorded only once its inputs keep their addresses (settled). This
        // also excludes the first step, which may allocate or initialise memory.
        if (k.inputs.settled() && !k.captured) {
            k.captured = steps_.backend_.capture(compute);
            k.captured_inputs = k.inputs.last_round();
        }
        if (k.captured) {
            ASTRO_CHECK(k.inputs.last_round() == k.captured_inputs,
                        "step: the inputs have other types or shapes than when this kind of step was recorded");
            k.captured->replay();
        } else {
            compute();
        }
    }
    for (int64_t* counter : counters_) ++*counter;
    steps_.ran_.push_back({update_, &k, counters_});
    steps_.last_ = &k;
}

Steps::Steps(Backend& backend, ThreadPool& threads, int64_t pieces)
    : backend_(backend),
      threads_(threads),
      pieces_(pieces),
      report_(Tensor::zeros(backend, DType::f64, Shape{1 + kMaxMetrics})) {}

Steps::~Steps() = default;

Step Steps::begin(const std::string& kind, int64_t update) {
    std::unique_ptr<Step::Kind>& found = kinds_[kind];
    if (!found) found = std::make_unique<Step::Kind>(backend_);
    return Step(*this, *found, update);
}

Metrics Steps::metrics() {
    std::array<double, 1 + kMaxMetrics> host;
    backend_.download(host.data(), report_.raw(), report_.bytes());
    const std::vector<Ran> ran = std::exchange(ran_, {});
    if (host[0] == 0) {
        Metrics metrics;
        for (size_t i = 0; last_ && i < last_->names.size(); ++i)
            if (last_->names[i][0] != '.') metrics.emplace_back(last_->names[i], host[i + 1]);
        return metrics;
    }
    report_.fill(0);
    auto first = ran.begin();
    while (first != ran.end() && static_cast<double>(first->update + 1) != host[0]) ++first;
    ASTRO_CHECK(first != ran.end(), "steps: the failed step is unknown");
    for (auto step = first; step != ran.end(); ++step)
        for (int64_t* counter : step->counters) --*counter;
    const std::vector<std::string>& names = first->kind->names;
    size_t bad = 0;
    while (bad + 1 < names.size() && std::isfinite(host[bad + 1])) ++bad;
    throw StepFailed(
        first->update,
        text(names[bad][0] == '.' ? "the norm of the gradient of " + names[bad].substr(1) : names[bad], " is ",
             host[bad + 1], "; hint: a lower learning_rate of this stage; 'astro data inspect' shows extreme values"));
}

}  // namespace astro::nn
