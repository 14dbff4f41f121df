"""Common to the make_*.py scripts: random arrays, multi-layer perceptrons (MLPs) in float64 PyTorch, writing.

Each make_NAME.py computes one reference in float64, independently of the C++ code, and writes NAME.npz next to it:
    python3 tests/golden/make_NAME.py            writes
    python3 tests/golden/make_NAME.py --check    computes again and compares with the file, writes nothing
Needs NumPy and PyTorch; the tests of the C++ code need only the files.

Names: in/... inputs, w/... weights, out/... results, grad/... gradients of the loss that the docstring names.
Parameters have the same names as in the C++ modules: an MLP called `actor` has actor.layer0.weight (in, out),
actor.layer0.bias (out), ..., and with layer norm actor.norm0.gain, actor.norm0.bias (width). All arrays are float64
or int64, row-major. The values of inputs and weights are exact in float32, so that float32 code uses the same
values. meta/versions contains the versions used, as ASCII codes (uint8). No maximum, clamp or sign is so close to its
threshold that rounding errors could change its branch (`clear`).
"""

import io
import os
import platform
import sys

import numpy as np
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
LIMIT = 100 * 1000  # bytes of a committed file


def exact(values):
    """float64 values rounded to float32."""
    return np.asarray(values, np.float64).astype(np.float32).astype(np.float64)


class Draw:
    """Random arrays of one stream."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def normal(self, *shape, scale=1.0):
        return exact(scale * self.rng.standard_normal(shape))

    def uniform(self, *shape, low=-1.0, high=1.0):
        return exact(self.rng.uniform(low, high, shape))

    def linear(self, name, inputs, outputs):
        return {f"{name}.weight": self.normal(inputs, outputs, scale=1.2 / np.sqrt(inputs)),
                f"{name}.bias": self.normal(outputs, scale=0.3)}

    def mlp(self, name, sizes, norm):
        """Weights of an MLP; sizes: input, hidden ..., output."""
        weights = {}
        for i in range(len(sizes) - 1):
            weights |= self.linear(f"{name}.layer{i}", sizes[i], sizes[i + 1])
        for i in range(len(sizes) - 2 if norm else 0):
            weights[f"{name}.norm{i}.gain"] = exact(1 + self.normal(sizes[i + 1], scale=0.3))
            weights[f"{name}.norm{i}.bias"] = self.normal(sizes[i + 1], scale=0.3)
        return weights


def leaves(weights):
    """Arrays as tensors that gather gradients."""
    return {name: torch.tensor(value, requires_grad=True) for name, value in weights.items()}


def constants(arrays):
    return {name: torch.tensor(value) for name, value in arrays.items()}


def of(weights, *modules):
    """The parameters of the named modules."""
    return {name: value for name, value in weights.items() if name.split(".")[0] in modules}


def renamed(weights, old, new):
    return {new + name[len(old):]: value for name, value in weights.items() if name.startswith(old + ".")}


def dense(w, name, x):
    return x @ w[f"{name}.weight"] + w[f"{name}.bias"]


def mlp(w, name, x, activation):
    """Hidden layers linear, activation, then layer norm where the weights have one (eps 1e-6); linear output."""
    depth = sum(1 for key in w if key.startswith(f"{name}.layer") and key.endswith(".weight"))
    for i in range(depth - 1):
        x = dense(w, f"{name}.layer{i}", x)
        if activation == "relu":
            clear(x)
            x = F.relu(x)
        else:
            x = F.gelu(x, approximate="tanh")
        if f"{name}.norm{i}.gain" in w:
            x = F.layer_norm(x, x.shape[-1:], w[f"{name}.norm{i}.gain"], w[f"{name}.norm{i}.bias"], eps=1e-6)
    return dense(w, f"{name}.layer{depth - 1}", x)


def clear(value, edge=0.0, margin=2e-5):
    """Fails when an element lies so near to an edge that float32 rounding could take it across."""
    value = np.asarray(value.detach() if torch.is_tensor(value) else value)
    assert np.abs(value - edge).min() > margin, "a branch is too near to its edge: choose another seed"


def gradients(loss, weights):
    """d loss / d weights by name; zero where the loss does not depend on one."""
    found = torch.autograd.grad(loss, list(weights.values()), retain_graph=True, allow_unused=True)
    return {name: torch.zeros_like(w) if g is None else g for (name, w), g in zip(weights.items(), found)}


def adam_update(weights, grads, rate):
    """First update of a fresh Adam (betas .9, .999, epsilon 1e-8), in place."""
    optimiser = torch.optim.Adam(list(weights.values()), lr=rate)
    for name, w in weights.items():
        w.grad = grads[name].detach().clone()
    optimiser.step()
    for w in weights.values():
        w.grad = None


def polyak_update(target, source, rate):
    """target += rate (source - target), names of both in the same order."""
    with torch.no_grad():
        for t, s in zip(target.values(), source.values(), strict=True):
            t += rate * (s - t)


def prefixed(prefix, arrays):
    return {prefix + name: value for name, value in arrays.items()}


def save(script, arrays, part=""):
    """Writes NAMEpart.npz beside make_NAME.py, or compares with it."""
    folder, name = os.path.split(os.path.abspath(script))
    path = os.path.join(folder, name.removeprefix("make_").removesuffix(".py") + part + ".npz")
    out = {}
    for name, value in arrays.items():
        array = np.array(value.detach() if torch.is_tensor(value) else value, order="C")
        assert name.split("/")[0] in ("in", "w", "out", "grad"), name
        assert array.dtype in (np.float64, np.int64), (name, array.dtype)
        assert np.isfinite(array).all(), name
        if name.startswith(("in/", "w/")):
            assert np.array_equal(array, exact(array)), (name, "does not fit float32")
        out[name] = array
    if "--check" in sys.argv[1:]:
        with np.load(path) as file:
            assert set(file.files) == set(out) | {"meta/versions"}, set(file.files) ^ set(out)
            worst = max((np.abs(file[name] - value).max() for name, value in out.items() if value.size), default=0.0)
        assert worst < 1e-9, worst
        print(f"{os.path.basename(path)}: {len(out)} arrays, largest difference {worst:.1e}")
        return
    versions = f"python {platform.python_version()}, numpy {np.__version__}, torch {torch.__version__}"
    out["meta/versions"] = np.frombuffer(versions.encode("ascii"), np.uint8)
    content = io.BytesIO()
    np.savez_compressed(content, **out)
    assert content.tell() <= LIMIT, (path, content.tell())
    with open(path, "wb") as file:
        file.write(content.getvalue())
    print(f"{os.path.basename(path)}: {len(out)} arrays, {content.tell()} bytes")
