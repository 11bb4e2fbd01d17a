#!/usr/bin/python3
"""Writes layers.json: small networks with convolution, pooling, normalisation and residual blocks as PyTorch computes
them, from an architecture text as reluscope reads it. For each: logits, loss and all gradients in training mode, the
running statistics after it, and logits and gradients in evaluation mode; and the losses of fifty steps of two networks.

    /usr/bin/python3 tests/golden/make_golden_layers.py          # write the file
    /usr/bin/python3 tests/golden/make_golden_layers.py --check  # recompute; exit 1 on over 1e-6 relative
"""

import argparse
import json
import math
import random
import sys

import torch
from torch import nn

import make_golden as common

PATH = common.HERE / "layers.json"


class Network(nn.Module):
    """The layers of an architecture text under reluscope's names, and the places where a residual block begins."""

    def __init__(self, text, shape):
        super().__init__()
        self.steps, counts = [], {}
        shape = list(shape)

        def step(stem, module):
            counts[stem] = counts.get(stem, 0) + 1
            name = f"{stem}{counts[stem]}"
            self.add_module(name, module)
            self.steps.append(name)

        for words in [part.split() for part in text.replace("(", "( |").replace(")", "| )").split("|")]:
            word, options = words[0], {w[0]: int(w[1:]) for w in words[2:] if w[0] in "sp"}
            if word == "residual":
                self.steps.append("(")
            elif word == ")":
                self.steps.append(")")
            elif word == "dense":
                if len(shape) == 3:
                    step("flatten", nn.Flatten())
                step("fc", nn.Linear(math.prod(shape), int(words[1])))
                shape = [int(words[1])]
            elif word == "conv":
                channels, kernel = map(int, words[1].split("x"))
                step("conv", nn.Conv2d(shape[0], channels, kernel, options.get("s", 1), options.get("p", 0)))
            elif word == "bn":
                step("bn", (nn.BatchNorm2d if len(shape) == 3 else nn.BatchNorm1d)(shape[0]))
            elif word == "ln":
                step("ln", nn.LayerNorm(shape))
            elif word == "gn":
                step("gn", nn.GroupNorm(int(words[1]), shape[0]))
            elif word in ("pool", "avgpool"):
                kernel = int(words[1])
                step("pool", (nn.MaxPool2d if word == "pool" else nn.AvgPool2d)(kernel, options.get("s", kernel)))
            elif word == "gap":
                step("pool", nn.AdaptiveAvgPool2d(1))
            elif word == "flatten":
                step("flatten", nn.Flatten())
            else:
                step("act", common.make_activation(word, common.DEFAULTS[word])[0])
            if word not in ("residual", ")", "dense"):
                shape = list(getattr(self, self.steps[-1]).double()(torch.ones(2, *shape).double()).shape[1:])
        for module in self.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.reset_running_stats()

    def forward(self, x):
        kept = []
        for name in self.steps:
            if name == "(":
                kept.append(x)
            elif name == ")":
                x = kept.pop() + x
            else:
                x = getattr(self, name)(x)
        return x.flatten(1)


def initial_state(rng, model):
    """Of every parameter, in PyTorch's order, so that each formula's terms all matter."""
    state = {}
    for name, p in model.named_parameters():
        if name.startswith("act"):
            continue
        count = p.numel()
        if name.startswith(("bn", "ln", "gn")):
            values = common.floats(rng, count, 0.5, 1.5) if name.endswith("weight") else common.normals(rng, count, 0.3)
        else:
            fan_in = math.prod(p.shape[1:]) if p.dim() > 1 else 0
            values = common.normals(rng, count, math.sqrt(2.0 / fan_in) if fan_in else 0.1)
        state[name] = values.reshape(tuple(p.shape))
    return state


def load(model, state, dtype):
    model.to(dtype)
    with torch.no_grad():
        for name, p in model.named_parameters():
            p.copy_(common.tensor(state[name].ravel(), dtype, *p.shape) if name in state else torch.tensor([0.25]))
    return model


def gradients(model, loss):
    model.zero_grad()
    loss.backward()
    return {name: p.grad.clone() for name, p in model.named_parameters()}


NETWORKS = [
    ("conv 3x3 p1 | relu | pool 2 | dense 3", (1, 5, 5)),
    ("conv 3x3 s2 p2 | tanh | conv 2x1 | dense 3", (2, 5, 6)),
    ("conv 2x3 | bn | relu | avgpool 2 s1 | dense 3", (1, 6, 5)),
    ("dense 5 | bn | relu | dense 3", (1, 2, 3)),
    ("conv 3x3 p1 | bn | prelu | residual ( conv 3x3 p1 | bn | relu | conv 3x1 | bn ) | relu | pool 3 s2 | gap | dense 3",
     (2, 6, 6)),
    ("dense 7 | ln | tanh | residual ( dense 7 | ln | residual ( relu | dense 7 ) ) | dense 3", (1, 2, 3)),
    ("conv 2x2 | ln | relu | avgpool 2 | flatten | dense 3", (1, 5, 4)),
    ("bn | pool 2 | conv 4x5 p2 | relu | gap | dense 3", (3, 6, 6)),
    ("conv 3x2 p1 | gap", (1, 3, 4)),
    ("conv 6x3 p1 | gn 2 | relu | pool 2 | conv 20x2 | gn 4 | dense 12 | gn 3 | tanh | dense 3", (2, 5, 4)),
    ("gn 1 | conv 5x3 | gn 5 | relu | flatten | gn 1 | dense 3", (3, 5, 6)),
]


def networks(dtype):
    rng = random.Random(21)
    cases = []
    for text, shape in NETWORKS:
        n = 4
        x, labels = common.floats(rng, n * math.prod(shape), -2.0, 2.0), [rng.randrange(3) for _ in range(n)]
        model = Network(text, shape)
        state = initial_state(rng, model)
        load(model, state, dtype)
        xt, y = common.tensor(x, dtype, n, *shape), torch.tensor(labels)
        case = {"model": text, "input": list(shape), "classes": 3, "x": x.reshape(n, -1), "labels": labels, "initial": state}
        for mode in ("train", "eval"):
            model.train(mode == "train")
            logits = model(xt)
            loss = nn.functional.cross_entropy(logits, y)
            case[mode] = {"logits": logits, "loss": loss.item(), "gradients": gradients(model, loss)}
            if mode == "train":
                case["running"] = {k: v.clone().to(dtype) for k, v in model.named_buffers()}
        cases.append(case)
    return cases


TRACES = [
    ("dense 12 | bn | relu | dense 12 | bn | relu | dense 10 | bn | tanh | dense 4", (1, 4, 4),
     {"name": "sgd", "lr": 0.05, "momentum": 0.9, "nesterov": False}),
    ("conv 3x3 p1 | bn | relu | pool 2 | conv 4x3 p1 | bn | prelu | gap | dense 4", (1, 6, 6),
     {"name": "adam", "lr": 0.01}),
    ("dense 12 | prelu | dense 10 | prelu | dense 4", (1, 4, 4), {"name": "adamw", "lr": 0.03, "weight_decay": 0.05, "cosine_epochs": 17}),
]


def traces(dtype):
    rng = random.Random(22)
    cases = []
    for text, shape, options in TRACES:
        samples, batch, features = 24, 8, math.prod(shape)
        labels = [k % 4 for k in range(samples)]
        rng.shuffle(labels)
        x = common.floats(rng, samples * features, -1.0, 1.0).reshape(samples, features)
        for row, label in zip(x, labels):
            row[label::4] += 1  # something to learn
        model = Network(text, shape)
        state = initial_state(rng, model)
        load(model, state, dtype)
        named = dict(options)
        epochs = named.pop("cosine_epochs", None)
        optimizer = common.make_optimizer(named, model.parameters())
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs) if epochs else None
        xt, y = common.tensor(x, dtype, samples, *shape), torch.tensor(labels)
        losses = []
        for step in range(50):
            rows = slice(step * batch % samples, step * batch % samples + batch)
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(xt[rows]), y[rows])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            if schedule and rows.stop == samples:
                schedule.step()
        cases.append({"model": text, "input": list(shape), "classes": 4, "batch": batch, "optimizer": options,
                      "x": x.astype("float32"), "labels": labels, "initial": state, "losses": losses})
    return cases


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--check", action="store_true", help="compare with the file instead of writing it")
    args = options.parse_args()
    torch.set_num_threads(1)

    content = common.plain({"networks": networks(torch.float64), "traces": traces(torch.float64)})
    for name, make, most in (("networks", networks, 1e-5), ("traces", traces, 5e-5)):
        gap = common.largest_gap(common.plain(make(torch.float32)), content[name])
        assert gap < most, f"{name}: float32 is {gap} away from float64"
    if not args.check:
        header = {"torch": f"1.13.1 (torch.__version__ {torch.__version__})",
                  "script": "tests/golden/make_golden_layers.py", "computed_in": "float64 from float32 inputs"}
        PATH.write_text(common.write(header | content) + "\n")
        print(f"{PATH.name}: {PATH.stat().st_size} bytes")
        return 0
    kept, found = json.loads(PATH.read_text()), []
    common.differences({k: kept[k] for k in content}, json.loads(common.write(content)), PATH.name, found)
    print(f"{PATH.name}: " + (f"{len(found)} difference(s)" if found else "same"))
    for line in found[:10]:
        print("  " + line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
