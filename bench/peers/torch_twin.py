#!/usr/bin/env python3
"""The items of `astro bench` in PyTorch (eager mode, fused optimisers), for bench/run.py (see protocol.py).

    python bench/peers/torch_twin.py --threads 2 tdr iql      # manual use: measures these items

A step consists of drawing a minibatch from arrays in memory, forward pass, loss, backward pass, clipping, fused Adam(W), and
a fused update of the average or target network. Gradients are computed only for the parameters being updated.
"""
import argparse
import io
import json
import os
import sys

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--seconds", type=float, default=2.0)
parser.add_argument("items", nargs="*")
ARGS = parser.parse_args()
os.environ["OMP_NUM_THREADS"] = str(ARGS.threads)      # read when torch is loaded

import torch
from torch.utils.flop_counter import FlopCounterMode

import torch_learners
import torch_method
from protocol import parse_gemm, repeats_of_gemm, serve

ITEMS = {                             # name: (function that creates the step, updates per call)
    "tdr": (torch_method.tdr, 1),
    "dynamics": (torch_method.dynamics, 1),
    "planner": (torch_method.planner, 1),
    "iql": (torch_learners.iql, 1),
    "td3bc": (torch_learners.td3bc, 2),
    "cql": (torch_learners.cql, 1),
    "sampler": (torch_method.sampler, 1),
    "sampler-one-pass": (lambda data: torch_method.sampler(data, final_steps=1), 1),
    "dynamics-sampler": (torch_method.dynamics_sampler, 1),
}


def attention_flop(q, k, v, *rest, out_val=None, **named):
    batch, heads, tokens, width = q.shape
    return 4 * batch * heads * tokens * k.shape[2] * width


def attention_backward_flop(grad, q, k, v, *rest, out_val=None, **named):
    return 2 * attention_flop(q, k, v)


attention_flop._get_raw = attention_backward_flop._get_raw = True


def count_gflop(step):
    """Counts matrix products and attention. As in astro, the masked half of causal attention is included, and the backward
    pass of attention has four products. (PyTorch computes a fifth one: it recomputes the scores instead of storing them.)"""
    ops = torch.ops.aten
    mapping = {ops._scaled_dot_product_flash_attention_for_cpu: attention_flop,
               ops._scaled_dot_product_flash_attention_for_cpu_backward: attention_backward_flop}
    with FlopCounterMode(display=False, custom_mapping=mapping) as counter:
        step()
    return counter.get_total_flops() / 1e9


def make_gemm(name):
    kind, rows, inner, outer = parse_gemm(name)
    x, w, g = torch.randn(rows, inner), torch.randn(inner, outer), torch.randn(rows, outer)
    a, b = {"nn": (x, w), "nt": (g, w.t()), "tn": (x.t(), g)}[kind]
    c, times = torch.empty(a.shape[0], b.shape[1]), repeats_of_gemm(rows, inner, outer)

    def step():
        for _ in range(times):
            torch.mm(a, b, out=c)

    return step, times, 2e-9 * rows * inner * outer


DATA = torch_method.Data()


def make(request):
    torch.manual_seed(0)
    if request["item"].startswith("gemm-"):
        return make_gemm(request["item"])
    if request["item"] not in ITEMS:
        return None
    build, units = ITEMS[request["item"]]
    step = build(DATA)
    return step, units, count_gflop(step) / units


if __name__ == "__main__":
    torch.set_num_threads(ARGS.threads)
    if ARGS.items:
        sys.stdin = io.StringIO("".join(json.dumps({"item": item, "seconds": ARGS.seconds, "rounds": 3}) + "\n" for item in ARGS.items))
    serve({"torch": torch.__version__, "capability": torch.backends.cpu.get_cpu_capability(), "mkl": torch.backends.mkl.is_available()}, make)
