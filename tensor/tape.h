// Reverse-mode automatic differentiation on a linear tape.
//
// A Tape is opened on what is to be differentiated: the flat storages of named parameters, and plain tensors
// (guidance differentiates by a plan). While it is the thread's current tape, ops whose inputs depend on those
// record a node; all else is a constant. Nodes lie in execution order, so backward() is a loop, never recursion.
// Gradients are values held by the tape: for a parameter storage one flat tensor, ready for an optimiser.
// Without a tape nothing is recorded, so inference needs no guard; NoTape switches recording off inside one.
#pragma once

#include <functional>
#include <initializer_list>
#include <vector>

#include "tensor/tensor.h"

namespace astro {

class Tape;
// Receives the gradient of the node's output; adds to the inputs' gradients through the tape.
using Backward = std::function<void(Tape&, const Tensor& gradient)>;

class Tape {
  public:
    // parameters: flat tensors; any op input that lies in one of their storages is differentiated, unless it is
    // detached.
    explicit Tape(std::initializer_list<Tensor> parameters = {});
    ~Tape();
    Tape(const Tape&) = delete;
    Tape& operator=(const Tape&) = delete;

    static Tape* current();  // of this thread; null: nothing is recorded
    // Ends recording on the thread that opened it; the tape stays, and may be replayed on any thread. For losses
    // that couple chunks: every chunk's forward pass ends before the first backward pass begins.
    void stop();

    // The same tensor, differentiated by this tape.
    Tensor watch(const Tensor& x);

    // Replays in reverse from a scalar loss, or from outputs with given gradients. Once per tape.
    void backward(const Tensor& loss);
    void backward(const std::vector<Tensor>& outputs, const std::vector<Tensor>& gradients);

    // After backward(): d/d(parameters), flat; zeros where the loss does not depend on them.
    const Tensor& parameter_gradient(size_t index = 0) const { return gradients_[index]; }
    // After backward(): d/dx of a watched tensor; zeros where the loss does not depend on it.
    Tensor gradient(const Tensor& watched) const;

    // For ops.
    int node_of(const Tensor& x);  // -1: a constant
    bool wants(const Tensor& x) { return node_of(x) >= 0; }
    // saved: inputs whose values the backward pass reads; undefined ones are left out.
    void record(const char* op, Tensor& output, std::initializer_list<Tensor> saved, Backward backward);
    void add(const Tensor& x, Tensor gradient);  // adds to the gradient of x (no effect for constants)
    // Where a product can write the gradient of x in place (parameters), overwriting what is there or adding to it.
    // No place: use add().
    struct Place {
        Tensor* gradient = nullptr;
        bool accumulate = false;
    };
    Place place_of(const Tensor& x);  // the caller writes all of it

  private:
    struct Saved {
        Tensor tensor;
        uint64_t version;
    };
    struct Node {
        const char* op;
        Shape shape;
        Tensor gradient;
        bool in_place;         // gradient is a view of a flat parameter gradient,
        bool written = false;  // which holds nothing yet before the first contribution
        std::vector<Saved> saved = {};
        Backward backward = nullptr;
    };

    int add_leaf(const char* name, const Shape& shape, Tensor gradient, bool in_place);
    void zero_the_rest(size_t parameter);
    void require_finite(const Tensor& x, size_t node, const char* what) const;

    uint64_t serial_;
    Tape* outer_;
    bool recording_ = true;
    std::vector<Tensor> parameters_, gradients_;
    std::vector<std::vector<std::pair<int64_t, int>>> leaves_;  // by parameter storage: (offset, node), in order met
    std::vector<Node> nodes_;
};

// Nothing is recorded on this thread while it lives.
class NoTape {
  public:
    NoTape();
    ~NoTape();
    NoTape(const NoTape&) = delete;
    NoTape& operator=(const NoTape&) = delete;

  private:
    Tape* outer_;
};

// While it lives, on every thread: each recorded op's output, and each gradient that backward() hands to an op, is
// looked at, and the first that is not finite throws Error(numeric) with the op's name and the ops before it as detail.
// Slow: for finding out why an update failed. One at a time.
class FiniteCheck {
  public:
    FiniteCheck();
    ~FiniteCheck();
    static bool on();
    FiniteCheck(const FiniteCheck&) = delete;
    FiniteCheck& operator=(const FiniteCheck&) = delete;
};

// The current tape if any of the inputs is differentiated by it, else null.
Tape* recording(std::initializer_list<Tensor> inputs);

}  // namespace astro
