// Reverse-mode automatic differentiation on a linear tape.
//
// A Tape is created with the flat parameter tensors to differentiate with respect to. Other tensors are added with
// watch(); guidance uses this to differentiate with respect to a plan. While the tape is the thread's current tape, ops
// whose inputs depend on these tensors record a node. All other tensors are constants. Nodes are stored in execution
// order, so backward() is a reverse loop without recursion. The tape owns the gradients: one flat tensor per parameter
// tensor, ready for an optimiser. Without a tape nothing is recorded. NoTape disables recording within a tape's scope.
#pragma once

#include <functional>
#include <initializer_list>
#include <vector>

#include "tensor/tensor.h"

namespace astro {

class Tape;
// Backward pass of a node: receives the gradient of its output and adds to the gradients of its inputs (Tape::add).
using Backward = std::function<void(Tape&, const Tensor& gradient)>;

class Tape {
  public:
    // parameters: flat tensors. Every op input that shares storage with one of them is differentiated, unless it is
    // detached.
    explicit Tape(std::initializer_list<Tensor> parameters = {});
    ~Tape();
    Tape(const Tape&) = delete;
    Tape& operator=(const Tape&) = delete;

    static Tape* current();  // this thread's current tape, or null if nothing is recorded
    // Ends recording. Must be called on the thread that created the tape; backward() may then run on any thread. Losses
    // that couple chunks need this: the forward passes of all chunks end before the first backward pass begins.
    void stop();

    // Returns x as a tensor that this tape differentiates with respect to.
    Tensor watch(const Tensor& x);

    // Runs the backward pass from a scalar loss, or from outputs with given gradients. Once per tape.
    void backward(const Tensor& loss);
    void backward(const std::vector<Tensor>& outputs, const std::vector<Tensor>& gradients);

    // After backward(): the flat gradient of a parameter tensor; zeros where the loss does not depend on it.
    const Tensor& parameter_gradient(size_t index = 0) const { return gradients_[index]; }
    // After backward(): the gradient of a watched tensor; zeros if the loss does not depend on it.
    Tensor gradient(const Tensor& watched) const;

    // For implementations of ops.
    int node_of(const Tensor& x);  // index of the node of x, or -1 if x is a constant
    bool wants(const Tensor& x) { return node_of(x) >= 0; }
    // saved: inputs whose values the backward pass reads; undefined ones are left out.
    void record(const char* op, Tensor& output, std::initializer_list<Tensor> saved, Backward backward);
    void add(const Tensor& x, Tensor gradient);  // adds to the gradient of x; no effect if x is a constant
    // The memory into which an op may write the gradient of x directly, and whether it must add to its contents. Only
    // parameters have such a place; for other tensors `gradient` is null, and the op must call add().
    struct Place {
        Tensor* gradient = nullptr;
        bool accumulate = false;
    };
    Place place_of(const Tensor& x);  // the caller must write every element

  private:
    struct Saved {
        Tensor tensor;
        uint64_t version;
    };
    struct Node {
        const char* op;
        Shape shape;
        Tensor gradient;
        bool in_place;         // gradient is a view into a flat parameter gradient
        bool written = false;  // in_place only: false while the view is still uninitialised
        std::vector<Saved> saved = {};
        Backward backward = nullptr;
    };

    int add_leaf(const char* name, const Shape& shape, Tensor gradient, bool in_place);
    void zero_unwritten(size_t parameter);
    void require_finite(const Tensor& x, size_t node, const char* what) const;

    uint64_t serial_;
    Tape* outer_;
    bool recording_ = true;
    std::vector<Tensor> parameters_, gradients_;
    std::vector<std::vector<std::pair<int64_t, int>>> leaves_;  // per parameter tensor: (offset, node) of used parts
    std::vector<Node> nodes_;
};

// Disables recording on this thread during its lifetime.
class NoTape {
  public:
    NoTape();
    ~NoTape();
    NoTape(const NoTape&) = delete;
    NoTape& operator=(const NoTape&) = delete;

  private:
    Tape* outer_;
};

// During its lifetime, all threads check the output of every recorded op and every gradient that backward() passes to
// an op. The first value that is not finite throws Error(numeric), which names the op and lists the preceding ops as
// detail. This is slow; it serves to find out why an update failed. Only one instance may exist at a time.
class FiniteCheck {
  public:
    FiniteCheck();
    ~FiniteCheck();
    static bool on();
    FiniteCheck(const FiniteCheck&) = delete;
    FiniteCheck& operator=(const FiniteCheck&) = delete;
};

// The current tape if it differentiates any of the inputs, else null.
Tape* recording(std::initializer_list<Tensor> inputs);

}  // namespace astro
