#!/usr/bin/python3
"""Writes nn.json: what PyTorch computes for activations that learn a parameter a channel, maxout, and losses with label
smoothing, class weights and penalties. As make_golden.py, whose tools it uses: float64 from float32 inputs.

    /usr/bin/python3 tests/golden/make_golden_nn.py          # write the file
    /usr/bin/python3 tests/golden/make_golden_nn.py --check  # recompute; exit 1 on over 1e-6 relative
"""

import json
import random
import sys

import torch
from torch import nn

from make_golden import HERE, differences, floats, largest_gap, normals, plain, tensor, to_input, write

PATH = HERE / "nn.json"


def leaf(values, dtype, *shape):
    return tensor(values, dtype, *shape).requires_grad_()


def channels(dtype):
    """PReLU(num_parameters=C), and x sigmoid(beta x) with a beta for each channel."""
    rng = random.Random(31)
    cases = []
    for name in ("prelu", "swish"):
        for shape in ([7], [33], [3, 2, 5]):
            n = 3
            count = n * int(torch.tensor(shape).prod())
            x, dy = floats(rng, count, -3.0, 3.0), floats(rng, count, -2.0, 2.0)
            weight = floats(rng, shape[0], -0.5, 1.5)
            xt = leaf(x, dtype, n, *shape)
            if name == "prelu":
                module = nn.PReLU(shape[0]).to(dtype)
                module.weight.data = tensor(weight, dtype)
                parameter, y = module.weight, module(xt)
            else:
                parameter = leaf(weight, dtype)
                y = xt * torch.sigmoid(parameter.view(1, -1, *[1] * (len(shape) - 1)) * xt)
            y.backward(tensor(dy, dtype, n, *shape))
            cases.append({"name": name, "shape": shape, "batch": n, "x": x, "dy": dy, "weight": weight,
                          "y": y.flatten(), "dx": xt.grad.flatten(), "dweight": parameter.grad})
    return cases


def maxout(dtype):
    rng = random.Random(32)
    cases = []
    for pieces, shape in ((2, [66]), (3, [9]), (2, [4, 3, 2])):
        n, (c, *rest) = 3, shape
        count = n * int(torch.tensor(shape).prod())
        x = floats(rng, count, -2.0, 2.0)
        dy = floats(rng, count // pieces, -2.0, 2.0)
        xt = leaf(x, dtype, n, *shape)
        y = xt.view(n, c // pieces, pieces, *rest).max(2).values
        y.backward(tensor(dy, dtype, *y.shape))
        cases.append({"pieces": pieces, "shape": shape, "batch": n, "x": x, "dy": dy, "y": y.flatten(),
                      "dx": xt.grad.flatten()})
    return cases


def losses(dtype):
    rng = random.Random(33)
    cases = []
    for smoothing, weighted in ((0.1, False), (0.0, True), (0.1, True), (1.0, True)):
        for n, c, scale in ((5, 10, 3.0), (17, 5, 60.0), (3, 2, 1.0), (1, 35, 2.0)):
            logits = floats(rng, n * c, -scale, scale)
            weights = floats(rng, c, 0.2, 3.0)
            labels = [rng.randrange(c) for _ in range(n)]
            options = {"weight": tensor(weights, dtype) if weighted else None, "label_smoothing": smoothing}
            lt, target = leaf(logits, dtype, n, c), torch.tensor(labels)
            mean = nn.functional.cross_entropy(lt, target, **options)
            mean.backward()
            cases.append({"shape": [n, c], "label_smoothing": smoothing, "weights": weights if weighted else [],
                          "logits": logits, "labels": labels, "loss": mean, "dlogits": lt.grad,
                          "per_sample": nn.functional.cross_entropy(lt, target, reduction="none", **options)})
    return cases


SAMPLES, FEATURES, HIDDEN, CLASSES = 20, 12, 7, 10


def trainings(dtype):
    """Steps on all samples at once, from written-down weights: loss of each step, and where the weights end: those of the
    second layer, and the sum of the first's magnitudes."""
    rng = random.Random(34)
    labels = [k % CLASSES for k in range(SAMPLES)]
    rng.shuffle(labels)
    pixels = [[rng.choice([0, 0, 0, rng.randint(1, 255)]) for _ in range(FEATURES)] for _ in range(SAMPLES)]
    initial = {"fc1.weight": normals(rng, HIDDEN * FEATURES, 0.4).reshape(HIDDEN, FEATURES),
               "fc1.bias": normals(rng, HIDDEN, 0.05),
               "fc2.weight": normals(rng, CLASSES * HIDDEN, 0.4).reshape(CLASSES, HIDDEN),
               "fc2.bias": normals(rng, CLASSES, 0.05)}
    initial["fc1.weight"][0, :3] = 0.0  # where the slope of the magnitude is taken to be 0
    x, y = to_input(pixels).to(dtype), torch.tensor(labels)
    weights = floats(rng, CLASSES, 0.5, 2.0)

    cases = []
    for settings in ({"l2": 0.02}, {"l1": 0.003}, {"l1": 0.002, "l2": 0.01},
                     {"label_smoothing": 0.1}, {"class_weights": True},
                     {"label_smoothing": 0.2, "class_weights": True, "l1": 0.001, "l2": 0.005}):
        for optimizer in ("adam", "sgd"):
            p = {name: leaf(value.copy(), dtype, *value.shape) for name, value in initial.items()}
            lr = 0.01 if optimizer == "adam" else 0.1
            step = (torch.optim.Adam if optimizer == "adam" else torch.optim.SGD)(p.values(), lr=lr)
            found = []
            for _ in range(25):
                step.zero_grad()
                hidden = torch.tanh(x @ p["fc1.weight"].T + p["fc1.bias"])
                loss = nn.functional.cross_entropy(
                    hidden @ p["fc2.weight"].T + p["fc2.bias"], y, label_smoothing=settings.get("label_smoothing", 0.0),
                    weight=tensor(weights, dtype) if "class_weights" in settings else None)
                for name in ("fc1.weight", "fc2.weight"):
                    loss = loss + settings.get("l1", 0.0) * p[name].abs().sum()
                    loss = loss + settings.get("l2", 0.0) * p[name].pow(2).sum()
                loss.backward()
                step.step()
                found.append(loss.item())
            config = {k: v for k, v in settings.items() if k != "class_weights"} | {"optimizer": optimizer, "lr": lr}
            if "class_weights" in settings:
                config["class_weights"] = weights
            cases.append({"config": config, "losses": found, "final": {k: p[k] for k in ("fc2.weight", "fc2.bias")},
                          "final_sum": p["fc1.weight"].detach().abs().sum()})
    return {"model": f"dense {HIDDEN} | tanh | dense {CLASSES}", "image": [3, 4], "pixels": pixels, "labels": labels,
            "initial": initial, "cases": cases}


def content(dtype):
    return plain({"channels": channels(dtype), "maxout": maxout(dtype), "losses": losses(dtype),
                  "trainings": trainings(dtype)})


def main():
    torch.set_num_threads(1)
    made = content(torch.float64)
    gap = largest_gap(content(torch.float32), made)
    assert gap < 2e-5, f"float32 is {gap} away from float64"
    if sys.argv[1:] == ["--check"]:
        kept = json.loads(PATH.read_text())
        found = []
        differences({k: kept[k] for k in made}, json.loads(write(made)), PATH.name, found)
        print(f"{PATH.name}: " + (f"{len(found)} difference(s)" if found else "same"))
        for line in found[:10]:
            print("  " + line)
        return 1 if found else 0
    header = {"torch": f"1.13.1 (torch.__version__ {torch.__version__})", "script": "tests/golden/make_golden_nn.py",
              "computed_in": "float64 from float32 inputs"}
    PATH.write_text(write(header | made) + "\n")
    print(f"{PATH.name}: {PATH.stat().st_size} bytes; PyTorch's own float32 is within {gap:.1e}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
