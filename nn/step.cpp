#include "nn/step.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "tensor/tape.h"

namespace astro::nn {

namespace {

constexpr int64_t kAlignment = 64, kFirstBlock = 1 << 14;  // bytes
constexpr int64_t kMostFigures = 16;

}  // namespace

Tensor Inputs::add(DType type, const Shape& shape, const void* values) {
    if (round_ == 0 && last_round_ > (block_.defined() ? block_.numel() : 0))  // one block for all that a round adds
        block_ = Tensor(backend_, DType::u8, Shape{last_round_});
    const int64_t bytes = shape.numel() * dtype_size(type), place = (bytes + kAlignment - 1) / kAlignment * kAlignment;
    const auto used = static_cast<int64_t>(host_.size());
    if (!block_.defined() || used + place > block_.numel()) {
        send();
        block_ = Tensor(backend_, DType::u8, Shape{std::max(kFirstBlock, place)});
        return add(type, shape, values);
    }
    const char* from = static_cast<const char*>(values);
    host_.insert(host_.end(), from, from + bytes);
    host_.resize(static_cast<size_t>(used + place));
    round_ += place;
    return block_.part(used, type, shape);
}

void Inputs::send() {
    if (!host_.empty()) backend_.upload(block_.raw(), host_.data(), static_cast<int64_t>(host_.size()));
    host_.clear();
}

void Inputs::upload() {
    send();
    last_round_ = std::exchange(round_, 0);
}

struct Step::Kind {
    Backend& backend;
    Inputs inputs;
    Tensor figures;                  // f64 (1 + kMostFigures): failed, then what is reported
    std::vector<std::string> names;  // of what is reported
    bool ran = false;
    std::unique_ptr<CapturedWork> captured;
    int64_t captured_bytes = 0;  // of the inputs then

    explicit Kind(Backend& b) : backend(b), inputs(b), figures(Tensor::zeros(b, DType::f64, Shape{1 + kMostFigures})) {}

    void compute(const std::function<void()>& body) {
        figures.fill(0);
        names.clear();
        body();
    }
};

Inputs& Step::inputs() { return kind_.inputs; }

Tensor Step::streams(int64_t n, const std::function<Rng(int64_t)>& stream) {
    std::vector<int64_t> states;
    for (int64_t i = 0; i < n; ++i) {
        const std::array<int64_t, 3> state = Rng::pack(stream(i).state());
        states.insert(states.end(), state.begin(), state.end());
    }
    return input(Shape{n, 3}, states);
}

double* Step::failed() { return kind_.figures.data<double>(); }

void Step::share(int64_t n, const std::function<void(int64_t, int64_t)>& f) {
    constexpr int64_t kLeast = 1 << 14;  // elements worth a piece of their own
    const int64_t pieces = chunk_count(pieces_, n / kLeast);
    threads_.run(pieces, [&](int64_t i) {
        const auto [first, count] = chunk_rows(n, pieces, i);
        f(first, count);
    });
}

void Step::report(const std::string& name, const Tensor& value) {
    kind_.names.push_back(name);
    const auto n = static_cast<int64_t>(kind_.names.size());
    ASTRO_CHECK(n <= kMostFigures, "a step reports more than ", kMostFigures, " numbers");
    kind_.backend.figure(value.dtype(), value.numel(), value.raw(), failed() + n, failed());
}

Figures Step::run(const std::function<void()>& body) {
    Kind& k = kind_;
    k.inputs.upload();
    if (FiniteCheck::on()) {  // looks at every op
        k.compute(body);
    } else {
        if (k.ran && !k.captured) {
            k.captured = k.backend.capture([&] { k.compute(body); });
            k.captured_bytes = k.inputs.bytes();
        }
        if (k.captured) {
            ASTRO_CHECK(k.inputs.bytes() == k.captured_bytes, "a step of ", k.inputs.bytes(),
                        " bytes of inputs, of a kind that was recorded with ", k.captured_bytes);
            k.captured->replay();
        } else {
            k.compute(body);
        }
        k.ran = true;
    }
    std::array<double, 1 + kMostFigures> host;
    k.backend.download(host.data(), k.figures.raw(), k.figures.bytes());
    Figures figures;
    std::string bad;
    for (size_t i = 0; i < k.names.size(); ++i) {
        if (bad.empty() && !std::isfinite(host[i + 1]))
            bad = text(k.names[i][0] == '.' ? "the norm of the gradient of " + k.names[i].substr(1) : k.names[i],
                       " is ", host[i + 1]);
        if (k.names[i][0] != '.') figures.emplace_back(k.names[i], host[i + 1]);
    }
    if (host[0] != 0)
        fail(ErrorKind::numeric, bad,
             "; hint: a lower learning rate, or look for extreme values with 'astro data inspect'");
    for (int64_t* counter : counters_) ++*counter;
    return figures;
}

Steps::Steps(Backend& backend, ThreadPool& threads, int64_t pieces)
    : backend_(backend), threads_(threads), pieces_(pieces) {}
Steps::~Steps() = default;

Step Steps::begin(const std::string& kind) {
    std::unique_ptr<Step::Kind>& found = kinds_[kind];
    if (!found) found = std::make_unique<Step::Kind>(backend_);
    found->inputs.restart();  // of a step that never ran
    return Step(*found, threads_, pieces_);
}

}  // namespace astro::nn
