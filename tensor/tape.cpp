#include "tensor/tape.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <utility>

#include "tensor/base/rows.h"

namespace astro {

namespace {

thread_local Tape* current_tape = nullptr;
std::atomic<uint64_t> next_serial{1};
std::atomic<bool> finite_check{false};

}  // namespace

Tape* Tape::current() { return current_tape; }

Tape::Tape(std::initializer_list<Tensor> parameters)
    : serial_(next_serial++), outer_(current_tape), parameters_(parameters), leaves_(parameters.size()) {
    for (const Tensor& flat : parameters_)
        gradients_.emplace_back(flat.backend(), flat.dtype(), flat.shape());  // backward() writes every element
    current_tape = this;
}

Tape::~Tape() { stop(); }

void Tape::stop() {
    if (recording_) current_tape = outer_;
    recording_ = false;
}

Tensor Tape::watch(const Tensor& x) {
    Tensor tracked = x;
    tracked.set_node(serial_, add_leaf("watch", x.shape(), Tensor(), false));
    return tracked;
}

int Tape::add_leaf(const char* name, const Shape& shape, Tensor gradient, bool in_place) {
    nodes_.push_back(Node{name, shape, std::move(gradient), in_place});
    return static_cast<int>(nodes_.size()) - 1;
}

int Tape::node_of(const Tensor& x) {
    if (!x.defined() || x.detached()) return -1;
    if (x.tape_serial() == serial_) return x.node();
    for (size_t p = 0; p < parameters_.size(); ++p) {
        if (x.storage() != parameters_[p].storage()) continue;
        for (const auto& [offset, node] : leaves_[p]) {
            if (offset == x.offset()) return node;
            ASTRO_CHECK(offset + nth(nodes_, node).shape.numel() <= x.offset() || x.offset() + x.numel() <= offset,
                        "tape: two parameters share elements: ", nth(nodes_, node).shape, " at ", offset, ", ",
                        x.shape(), " at ", x.offset());
        }
        Tensor view = gradients_[p].view(x.offset() - parameters_[p].offset(), x.shape());
        int node = add_leaf("parameter", x.shape(), view, true);
        leaves_[p].emplace_back(x.offset(), node);
        return node;
    }
    return -1;
}

void Tape::record(const char* op, Tensor& output, std::initializer_list<Tensor> saved, Backward backward) {
    std::vector<Saved> versions;
    for (const Tensor& tensor : saved)
        if (tensor.defined()) versions.push_back(Saved{tensor, tensor.version()});
    nodes_.push_back(Node{op, output.shape(), Tensor(), false, false, std::move(versions), std::move(backward)});
    output.set_node(serial_, static_cast<int>(nodes_.size()) - 1);
    if (finite_check.load(std::memory_order_relaxed)) require_finite(output, nodes_.size() - 1, "result");
}

void Tape::require_finite(const Tensor& x, size_t node, const char* what) const {
    if (std::isfinite(x.norm())) return;
    constexpr size_t kShown = 12;
    std::string before;
    for (size_t i = node > kShown ? node - kShown : 0; i <= node; ++i)
        before += text(i == node ? "-> " : "   ", nodes_[i].op, " ", nodes_[i].shape, "\n");
    throw Error(ErrorKind::numeric,
                text("the ", what, " of ", nodes_[node].op, " ", nodes_[node].shape, " is not finite"), before);
}

Tape::Place Tape::place_of(const Tensor& x) {
    int id = node_of(x);
    if (id < 0 || !nth(nodes_, id).in_place) return {};
    Node& node = nth(nodes_, id);
    return {&node.gradient, std::exchange(node.written, true)};
}

void Tape::add(const Tensor& x, Tensor gradient) {
    int id = node_of(x);
    if (id < 0) return;
    Node& node = nth(nodes_, id);
    gradient = gradient.reshape(node.shape).detach();
    if (!node.gradient.defined()) {  // the first contribution is moved in
        node.gradient = std::move(gradient);
        return;
    }
    if (node.in_place && !std::exchange(node.written, true)) {
        gradient.backend().copy(node.gradient.raw(), gradient.raw(), gradient.bytes());
        return;
    }
    const Traversal flat = Traversal::flat(gradient.numel());
    if (node.in_place || node.gradient.sole_owner()) {
        gradient.backend().sum_to(gradient.dtype(), flat, gradient.raw(), node.gradient.raw());
    } else {  // the tensor is shared, for example because an op passed it to two inputs
        Tensor sum(gradient.backend(), gradient.dtype(), node.shape);
        gradient.backend().binary(BinaryOp::add, gradient.dtype(), flat, node.gradient.raw(), gradient.raw(),
                                  sum.raw());
        node.gradient = sum;
    }
}

void Tape::backward(const Tensor& loss) {
    ASTRO_CHECK(loss.numel() == 1, "backward: the loss must be a scalar, got ", loss.shape());
    backward({loss}, {Tensor::full(loss.backend(), loss.dtype(), loss.shape(), 1.0)});
}

void Tape::backward(const std::vector<Tensor>& outputs, const std::vector<Tensor>& gradients) {
    ASTRO_CHECK(outputs.size() == gradients.size(), "backward: ", outputs.size(), " outputs, ", gradients.size(),
                " gradients");
    for (size_t i = 0; i < outputs.size(); ++i) {
        ASTRO_CHECK(outputs[i].shape() == gradients[i].shape(), "backward: output ", outputs[i].shape(), ", gradient ",
                    gradients[i].shape());
        add(outputs[i], gradients[i]);
    }
    NoTape off;
    for (size_t i = nodes_.size(); i-- > 0;) {
        if (!nodes_[i].backward || !nodes_[i].gradient.defined()) continue;
        // Moved out of the node, so that saved tensors and the gradient are freed as soon as possible.
        Backward replay = std::move(nodes_[i].backward);
        Tensor gradient = std::move(nodes_[i].gradient);
        std::vector<Saved> saved = std::move(nodes_[i].saved);
        nodes_[i].backward = nullptr;
        for (const Saved& s : saved)
            ASTRO_CHECK(s.tensor.version() == s.version, nodes_[i].op,
                        ": an input was modified in place after the forward pass");
        if (finite_check.load(std::memory_order_relaxed)) require_finite(gradient, i, "gradient");
        replay(*this, gradient);
    }
    for (size_t p = 0; p < parameters_.size(); ++p) zero_unwritten(p);
}

// Fills the parts of a parameter gradient that received no contribution with zeros: parameters that were not used, or
// that do not affect the loss.
void Tape::zero_unwritten(size_t parameter) {
    std::vector<std::pair<int64_t, int64_t>> written;  // [first, end)
    for (const auto& [offset, id] : leaves_[parameter]) {
        const Node& node = nth(nodes_, id);
        const int64_t first = offset - parameters_[parameter].offset();
        if (node.written) written.emplace_back(first, first + node.shape.numel());
    }
    std::sort(written.begin(), written.end());
    Tensor& flat = gradients_[parameter];
    written.emplace_back(flat.numel(), flat.numel());
    int64_t at = 0;
    for (const auto& [first, end] : written) {
        if (first > at) flat.view(at, Shape{first - at}).fill(0);
        at = end;
    }
}

Tensor Tape::gradient(const Tensor& watched) const {
    ASTRO_CHECK(watched.tape_serial() == serial_, "gradient: this tensor is not watched by this tape");
    const Node& node = nth(nodes_, watched.node());
    if (node.gradient.defined()) return node.gradient;
    return Tensor::zeros(watched.backend(), watched.dtype(), watched.shape());
}

FiniteCheck::FiniteCheck() { finite_check = true; }
FiniteCheck::~FiniteCheck() { finite_check = false; }
bool FiniteCheck::on() { return finite_check; }

NoTape::NoTape() : outer_(current_tape) { current_tape = nullptr; }
NoTape::~NoTape() { current_tape = outer_; }

Tape* recording(std::initializer_list<Tensor> inputs) {
    Tape* tape = Tape::current();
    if (!tape) return nullptr;
    for (const Tensor& x : inputs)
        if (tape->wants(x)) return tape;
    return nullptr;
}

}  // namespace astro
