#!/usr/bin/python3
"""Writes optim.json and schedules.json beside this file: what PyTorch's optimizers make of given
gradients, what its lr_scheduler makes of a learning rate, and Muon in plain NumPy, all in float64.

    /usr/bin/python3 tests/golden/make_golden_optim.py          # write the files
    /usr/bin/python3 tests/golden/make_golden_optim.py --check  # recompute; exit 1 on over 1e-6 relative
"""

import argparse
import json
import random
import sys
import warnings

import numpy as np
import torch
from torch.optim import lr_scheduler

from make_golden import HERE, differences, floats, largest_gap, plain, tensor, write

STEPS, KEPT = 50, (10, 50)

# Ours to the left, PyTorch's to the right where they differ.
NAMES = {"beta1": "betas", "beta2": "betas", "epsilon": "eps", "initial_accumulator": "initial_accumulator_value"}


class Lion(torch.optim.Optimizer):
    """Chen and others (2023), program 1, which PyTorch 1.13 lacks: only the sign of a mean counts, sign(0) is 0."""

    def __init__(self, params, lr, betas=(0.9, 0.999), weight_decay=0.0):
        super().__init__(params, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in group["params"]:
                m = self.state[p].setdefault("exp_avg", torch.zeros_like(p))
                step = torch.sign(beta1 * m + (1 - beta1) * p.grad)
                self.state[p]["exp_avg"] = beta2 * m + (1 - beta2) * p.grad
                p.copy_(p * (1 - group["lr"] * group["weight_decay"]) - group["lr"] * step)


CLASSES = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "nadam": torch.optim.NAdam,
           "rmsprop": torch.optim.RMSprop, "adagrad": torch.optim.Adagrad, "lion": Lion}

OPTIMIZERS = [
    ("sgd", 0.1, {"weight_decay": 0.05}),
    ("sgd", 0.1, {"momentum": 0.9, "weight_decay": 0.05}),
    ("sgd", 0.1, {"momentum": 0.9, "dampening": 0.3}),
    ("sgd", 0.1, {"momentum": 0.8, "dampening": 0.5, "weight_decay": 0.1}),
    ("sgd", 0.05, {"momentum": 0.9, "nesterov": True, "weight_decay": 0.05}),
    ("adam", 0.01, {"weight_decay": 0.1}),
    ("adam", 0.01, {"beta1": 0.8, "beta2": 0.99, "epsilon": 1e-4, "weight_decay": 0.01}),
    ("adamw", 0.01, {"weight_decay": 0.1}),
    ("adamw", 0.01, {}),
    ("nadam", 0.01, {}),
    ("nadam", 0.01, {"beta1": 0.8, "beta2": 0.99, "epsilon": 1e-4, "momentum_decay": 0.02, "weight_decay": 0.05}),
    ("rmsprop", 0.01, {}),
    ("rmsprop", 0.01, {"alpha": 0.9, "epsilon": 1e-4, "weight_decay": 0.05}),
    ("rmsprop", 0.01, {"momentum": 0.9}),
    ("rmsprop", 0.01, {"centered": True, "alpha": 0.9, "epsilon": 1e-4}),
    ("rmsprop", 0.01, {"centered": True, "momentum": 0.8, "alpha": 0.9, "epsilon": 1e-4, "weight_decay": 0.05}),
    ("adagrad", 0.1, {}),
    ("adagrad", 0.1, {"lr_decay": 0.05, "initial_accumulator": 0.1, "epsilon": 1e-4, "weight_decay": 0.05}),
    ("lion", 0.01, {}),
    ("lion", 0.003, {"beta1": 0.95, "beta2": 0.98, "weight_decay": 0.1}),
]


def torch_options(options):
    found = {NAMES.get(k, k): v for k, v in options.items()}
    if "betas" in found:
        found["betas"] = (options["beta1"], options["beta2"])
    return {"eps": 1e-8} | found if "eps" not in found else found


def gradients(rng, count):
    """Scales from 1e-3 to 10, one element that is zero at the first steps and one that always is."""
    scales = [10.0 ** (k % 5 - 3) for k in range(count)]
    grads = [np.array([np.float32(float(f"{rng.uniform(-1, 1) * s:.3g}")) for s in scales]) for _ in range(STEPS)]
    for step, g in enumerate(grads):
        g[count - 1] = 0.0
        if step < 5:
            g[count - 2] = 0.0
    return grads


def torch_cases(dtype, start, grads):
    cases = []
    for name, lr, options in OPTIMIZERS:
        p = tensor(start, dtype).requires_grad_()
        passed = torch_options(options)
        if name in ("sgd", "lion"):
            del passed["eps"]
        if name == "adamw":
            passed.setdefault("weight_decay", 0.0)  # PyTorch's default is 0.01, ours 0 as with all the others
        optimizer = CLASSES[name]([p], lr=lr, **passed)
        after = []
        for step, g in enumerate(grads):
            p.grad = tensor(g, dtype)
            optimizer.step()
            if step + 1 in KEPT:
                after.append(p.detach().clone())
        cases.append({"name": name, "lr": lr, "options": options, "after": after})
    return cases


def muon(dtype, rng):
    """Keller Jordan's Muon (2024) from its description: momentum, Nesterov, five iterations of Newton and Schulz."""
    kind = np.float64 if dtype == torch.float64 else np.float32
    a, b, c = 3.4445, -4.7750, 2.0315
    cases = []
    for (outputs, inputs), decay in (((5, 7), 0.0), ((7, 5), 0.0), ((33, 17), 0.1), ((16, 16), 0.0), ((1, 4), 0.0)):
        lr, scale, mu = 0.002, 20.0, 0.95
        start = floats(rng, outputs * inputs, -1.0, 1.0)
        kept = [floats(rng, outputs * inputs, -1.0, 1.0) for _ in range(4)]
        w = start.astype(kind).reshape(outputs, inputs)
        momentum = np.zeros_like(w)
        after = []
        for step in range(STEPS):
            g = kept[step % len(kept)].astype(kind).reshape(outputs, inputs)
            momentum = mu * momentum + g
            x = g + mu * momentum
            x = x / (np.sqrt((x.astype(np.float64) ** 2).sum()) + 1e-7).astype(kind)
            if outputs > inputs:
                x = x.T
            for _ in range(5):
                gram = x @ x.T
                x = a * x + (b * gram + c * gram @ gram) @ x
            if outputs > inputs:
                x = x.T
            w = w * (1 - lr * scale * decay) - lr * scale * max(1.0, outputs / inputs) ** 0.5 * x
            w = w.astype(kind)
            if step + 1 in KEPT:
                after.append(torch.tensor(w.reshape(-1)))
        cases.append({"outputs": outputs, "inputs": inputs, "lr": lr, "muon_scale": scale, "muon_momentum": mu,
                      "weight_decay": decay, "start": start, "grads": kept, "after": after})
    return cases


def optim(dtype):
    rng = random.Random(21)
    start = floats(rng, 12, -1.0, 1.0)
    grads = gradients(rng, 12)
    clip = []
    for limit in (0.5, 30.0):
        for name, function in (("norm", torch.nn.utils.clip_grad_norm_), ("value", torch.nn.utils.clip_grad_value_)):
            parts = [tensor(g, dtype).requires_grad_() for g in grads[:2]]
            for part, g in zip(parts, grads):
                part.grad = tensor(g, dtype)
            function(parts, limit)
            clip.append({"by": name, "limit": limit, "clipped": torch.cat([part.grad for part in parts])})
    classes = {name: f"torch.optim.{made.__name__}" for name, made in CLASSES.items() if made is not Lion}
    return {"classes": classes, "kept": list(KEPT), "start": start, "grads": grads, "cases": torch_cases(dtype, start, grads),
            "muon": muon(dtype, rng), "clip": clip}


# Schedules -----------------------------------------------------------------------------------------------------------

LOSSES = [1.0, 0.8, 0.79995, 0.81, 0.8, 0.7, 0.71, 0.72, 0.73, 0.74, 0.75, 0.76, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]
EPOCHS = len(LOSSES)


def schedules(_dtype):
    """The rate (and momentum) of every epoch, or of every update where one is made of few."""
    cases = []

    def add(name, lr, options, make, updates_per_epoch=1, momentum=None, losses=None):
        p = torch.zeros(1, requires_grad=True)
        optimizer = (torch.optim.Adam([p], lr=lr) if momentum == "betas" else
                     torch.optim.SGD([p], lr=lr, momentum=0.9))
        scheduler = make(optimizer)
        rates, momenta = [], []
        for update in range(EPOCHS * updates_per_epoch):
            group = optimizer.param_groups[0]
            rates.append(group["lr"])
            momenta.append(group["betas"][0] if momentum == "betas" else group["momentum"])
            optimizer.step()
            if losses:
                scheduler.step(losses[update])
            elif update + 1 < EPOCHS * updates_per_epoch:
                scheduler.step()
        case = {"schedule": name, "lr": lr, "options": options, "updates_per_epoch": updates_per_epoch, "rates": rates}
        if momentum:
            case["momenta"] = momenta
        if losses:
            case["losses"] = losses
        cases.append(case)

    s = lr_scheduler
    add("constant", 0.1, {}, lambda o: s.LambdaLR(o, lambda _: 1.0))
    add("step", 0.1, {"lr_step": 3, "lr_gamma": 0.5}, lambda o: s.StepLR(o, 3, 0.5))
    add("multi_step", 0.1, {"lr_milestones": "1,4, 11", "lr_gamma": 0.3}, lambda o: s.MultiStepLR(o, [1, 4, 11], 0.3))
    add("exponential", 0.1, {"lr_gamma": 0.9}, lambda o: s.ExponentialLR(o, 0.9))
    add("cosine", 0.1, {}, lambda o: s.CosineAnnealingLR(o, EPOCHS))
    add("cosine", 0.1, {"lr_period": 7, "lr_min": 0.01}, lambda o: s.CosineAnnealingLR(o, 7, 0.01))
    add("cosine_restarts", 0.1, {"lr_restart": 4}, lambda o: s.CosineAnnealingWarmRestarts(o, 4))
    add("cosine_restarts", 0.1, {"lr_restart": 3, "lr_restart_factor": 2, "lr_min": 0.001},
        lambda o: s.CosineAnnealingWarmRestarts(o, 3, 2, 0.001))
    add("one_cycle", 0.1, {}, lambda o: s.OneCycleLR(o, 0.1, total_steps=EPOCHS * 3), 3, "momentum")
    add("one_cycle", 0.01, {"lr_rise": 0.45, "lr_div": 10, "lr_final_div": 100, "momentum_min": 0.7,
                            "momentum_max": 0.9},
        lambda o: s.OneCycleLR(o, 0.01, total_steps=EPOCHS * 2, pct_start=0.45, div_factor=10, final_div_factor=100,
                               base_momentum=0.7, max_momentum=0.9), 2, "betas")
    add("one_cycle", 0.1, {"cycle_momentum": False},
        lambda o: s.OneCycleLR(o, 0.1, total_steps=EPOCHS, cycle_momentum=False))
    add("plateau", 0.1, {"lr_patience": 2}, lambda o: s.ReduceLROnPlateau(o, patience=2), losses=LOSSES)
    add("plateau", 0.1, {"lr_patience": 1, "lr_gamma": 0.2, "lr_threshold": 0.05, "lr_cooldown": 2, "lr_min": 0.001},
        lambda o: s.ReduceLROnPlateau(o, patience=1, factor=0.2, threshold=0.05, cooldown=2, min_lr=0.001),
        losses=LOSSES)
    add("plateau", 1e-7, {"lr_patience": 0}, lambda o: s.ReduceLROnPlateau(o, patience=0), losses=LOSSES)
    # A warm-up of W updates is LinearLR from 1 / W, whose last factor is 1 after W - 1 steps.
    add("constant", 0.1, {"lr_warmup": 5}, lambda o: s.LinearLR(o, 1 / 5, 1.0, 4))
    add("exponential", 0.1, {"lr_warmup": 4, "lr_gamma": 0.9},
        lambda o: s.ChainedScheduler([s.LinearLR(o, 1 / 4, 1.0, 3), s.ExponentialLR(o, 0.9)]))
    return {"epochs": EPOCHS, "cases": cases}


FILES = {"optim": optim, "schedules": schedules}


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--check", action="store_true", help="compare with the files instead of writing them")
    args = options.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("error", RuntimeWarning)
    wrong = 0
    for name, make in FILES.items():
        path = HERE / f"{name}.json"
        content = plain(make(torch.float64))
        gap = largest_gap(plain(make(torch.float32)), content)
        assert gap < 5e-5, f"{name}: float32 is {gap} away from float64"
        if not args.check:
            header = {"torch": f"1.13.1 (torch.__version__ {torch.__version__})",
                      "script": "tests/golden/make_golden_optim.py", "computed_in": "float64 from float32 inputs"}
            path.write_text(write(header | content) + "\n")
            print(f"{path.name}: {path.stat().st_size} bytes; float32 is within {gap:.1e}")
            continue
        kept = {k: v for k, v in json.loads(path.read_text()).items() if k not in ("torch", "script", "computed_in")}
        found = []
        differences(kept, json.loads(write(content)), path.name, found)
        print(f"{path.name}: " + (f"{len(found)} difference(s)" if found else "same"))
        for line in found[:10]:
            print("  " + line)
        wrong += len(found)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
