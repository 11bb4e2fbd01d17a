#!/usr/bin/python3
"""Writes the reference values that the C++ tests compare with: what PyTorch computes, as small
JSON files beside this one.

Every input is exactly a float32. PyTorch then computes in float64, so that the files hold its
definition and not the rounding of one BLAS library on one machine; 9 significant digits carry any
float32. The same computed in float32, PyTorch's default, is compared with them here, so that a
definition that only holds in float64 would be noticed.

    /usr/bin/python3 tests/golden/make_golden.py          # write the files
    /usr/bin/python3 tests/golden/make_golden.py --check  # recompute; exit 1 on over 1e-6 relative
"""

import argparse
import json
import math
import pathlib
import random
import sys

import numpy as np
import torch
from torch import nn

HERE = pathlib.Path(__file__).resolve().parent
MEAN, STD = 0.1307, 0.3081
WIDTH = 118  # characters in a line of the files


# Deterministic inputs ------------------------------------------------------------------------------------------------
# Python's own generator (its stream is fixed by its documentation), so that the inputs do not
# depend on torch's version.

def floats(rng, count, low, high):
    """count values in [low, high) that are exactly float32 and short in decimal: three digits are enough for a test."""
    return np.array([np.float32(round(rng.uniform(low, high), 3)) for _ in range(count)])


def normals(rng, count, std):
    return np.array([np.float32(round(rng.gauss(0.0, std), 4)) for _ in range(count)])


def tensor(values, dtype, *shape):
    t = torch.tensor(np.asarray(values, dtype=np.float32), dtype=dtype)
    return t.reshape(shape) if shape else t


# Activations ---------------------------------------------------------------------------------------------------------

class Swish(nn.Module):
    """x sigmoid(beta x) with a learnable beta, composed from torch.sigmoid because PyTorch only has beta = 1 (SiLU)."""

    def __init__(self, beta=1.0):
        super().__init__()
        self.beta = nn.Parameter(torch.tensor([beta]))

    def forward(self, x):
        return x * torch.sigmoid(self.beta * x)


class SquaredRelu(nn.Module):
    """relu(x) ** 2, which PyTorch has no module for."""

    def forward(self, x):
        return torch.relu(x) ** 2


# Those that learn nothing, by the module's class. RReLU as it is when a network is scored: with its mean slope.
FIXED = {"rrelu": lambda *p: nn.RReLU(*p).eval(), "relu6": nn.ReLU6, "relu_squared": SquaredRelu, "selu": nn.SELU,
         "celu": nn.CELU, "gelu": nn.GELU, "gelu_tanh": lambda: nn.GELU(approximate="tanh"), "silu": nn.SiLU,
         "mish": nn.Mish, "hard_swish": nn.Hardswish, "softplus": nn.Softplus}


def make_activation(name, parameters):
    """The module, and its learnable parameter or None."""
    if name in FIXED:
        return FIXED[name](*parameters), None
    if name == "relu":
        return nn.ReLU(), None
    if name == "leaky_relu":
        return nn.LeakyReLU(*parameters), None
    if name == "prelu":
        module = nn.PReLU(1, *parameters)
        return module, module.weight
    if name == "elu":
        return nn.ELU(*parameters), None
    if name == "swish":
        module = Swish(*parameters)
        return module, module.beta
    if name == "identity":
        return nn.Identity(), None
    if name == "sigmoid":
        return nn.Sigmoid(), None
    if name == "tanh":
        return nn.Tanh(), None
    raise KeyError(name)


DEFAULTS = {"relu": [], "leaky_relu": [0.01], "prelu": [0.25], "elu": [1.0], "swish": [1.0], "identity": [],
            "sigmoid": [], "tanh": [], "relu6": [], "relu_squared": [], "selu": [], "celu": [1.0], "gelu": [],
            "gelu_tanh": [], "silu": [], "mish": [], "hard_swish": [], "softplus": [1.0]}
VARIANTS = [("relu", []), ("leaky_relu", [0.01]), ("leaky_relu", [0.2]), ("prelu", [0.25]), ("prelu", [-0.1]),
            ("elu", [1.0]), ("elu", [0.5]), ("swish", [1.0]), ("swish", [1.7]), ("identity", []), ("sigmoid", []),
            ("tanh", []), ("rrelu", [0.125, 1 / 3]), ("rrelu", [0.1, 0.3]), ("relu6", []), ("relu_squared", []),
            ("selu", []), ("celu", [1.0]), ("celu", [0.5]), ("gelu", []), ("gelu_tanh", []), ("silu", []), ("mish", []),
            ("hard_swish", []), ("softplus", [1.0]), ("softplus", [2.5])]


def activations(dtype):
    # Without 3, where Hard Swish has a kink and PyTorch's float32 and float64 take different sides of it.
    magnitudes = [1e-6, 1e-3, 0.02, 0.1, 0.25, 0.5, 0.7, 1.0, 1.278, 1.5, 2.0, 2.5, 3.2, 4.0, 5.5, 7.0, 10.0, 15.0,
                  20.0, 30.0, 60.0, 90.0]
    x = np.array([-m for m in reversed(magnitudes)] + [0.0] + magnitudes, dtype=np.float32)
    dy = floats(random.Random(11), len(x), -2.0, 2.0)
    cases = []
    for name, parameters in VARIANTS:
        module, learnable = make_activation(name, parameters)
        module = module.to(dtype)
        if learnable is not None:
            # 0.25 and its like are set again in dtype: .to() would carry float32's rounding of them into float64,
            # where the other activations hold the exact decimal.
            learnable.data = torch.tensor(parameters, dtype=dtype)
        xt = tensor(x, dtype).requires_grad_()
        y = module(xt)
        y.backward(tensor(dy, dtype))
        case = {"name": name, "parameters": parameters, "y": y, "dx": xt.grad}
        if learnable is not None:
            case["dparam"] = learnable.grad
        cases.append(case)
    return {"x": x, "dy": dy, "cases": cases}


# Loss and dense layer ------------------------------------------------------------------------------------------------

def loss(dtype):
    rng = random.Random(12)
    cases = []
    for name, (n, c), scale in (("ordinary", (7, 10), 3.0), ("large", (7, 10), 80.0), ("two classes", (3, 2), 1.0),
                                ("one sample", (1, 5), 2.0)):
        logits = floats(rng, n * c, -scale, scale)
        if name == "large":
            logits[0], logits[1] = 80.0, -80.0
            logits[10:20] = -80.0  # a whole row of equal, very small logits: the shifted exponentials are all 1
        labels = [rng.randrange(c) for _ in range(n)]
        if name == "large":
            labels[0] = 1  # the worst class, 160 below the best: a loss that a plain exp would turn into infinity
        lt = tensor(logits, dtype, n, c).requires_grad_()
        mean = nn.functional.cross_entropy(lt, torch.tensor(labels))
        mean.backward()
        cases.append({"name": name, "shape": [n, c], "logits": logits, "labels": labels, "loss": mean,
                      "per_sample": nn.functional.cross_entropy(lt, torch.tensor(labels), reduction="none"),
                      "dlogits": lt.grad})
    return {"cases": cases}


def dense(dtype):
    rng = random.Random(13)
    cases = []
    for i, o, n in ((5, 7, 3), (17, 33, 6), (1, 1, 1)):
        x, w = floats(rng, n * i, -1.5, 1.5), floats(rng, o * i, -0.8, 0.8)
        b, dy = floats(rng, o, -1.0, 1.0), floats(rng, n * o, -1.0, 1.0)
        layer = nn.Linear(i, o).to(dtype)
        layer.weight.data, layer.bias.data = tensor(w, dtype, o, i), tensor(b, dtype)
        xt = tensor(x, dtype, n, i).requires_grad_()
        y = layer(xt)
        y.backward(tensor(dy, dtype, n, o))
        cases.append({"in": i, "out": o, "batch": n, "x": x, "weight": w, "bias": b, "dy": dy, "y": y, "dx": xt.grad,
                      "dweight": layer.weight.grad, "dbias": layer.bias.grad})
    return {"cases": cases}


# Optimizers ----------------------------------------------------------------------------------------------------------

OPTIMIZERS = [
    {"name": "sgd", "lr": 0.1},
    {"name": "sgd", "lr": 0.1, "momentum": 0.9},
    {"name": "sgd", "lr": 0.1, "momentum": 0.9, "nesterov": True},
    {"name": "adam"},
    {"name": "adam", "lr": 0.01, "betas": [0.8, 0.99], "eps": 1e-6},
]


def make_optimizer(options, parameters):
    options = dict(options)
    return {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[options.pop("name")](parameters, **options)


def optimizers(dtype):
    rng = random.Random(14)
    start = floats(rng, 12, -1.0, 1.0)
    # Scales from 1e-7 to 10, and one element that is exactly zero at the first steps: eps and the
    # bias corrections show.
    scales = [10.0 ** (k - 7) for k in range(9)] + [1.0, 1.0, 1.0]
    grads = [np.array([np.float32(float(f"{rng.uniform(-1, 1) * s:.3g}")) for s in scales]) for _ in range(10)]
    for step in range(3):
        grads[step][11] = 0.0
    cases = []
    for options in OPTIMIZERS:
        p = tensor(start, dtype).requires_grad_()
        optimizer = make_optimizer(options, [p])
        after = []
        for g in grads:
            p.grad = tensor(g, dtype)
            optimizer.step()
            after.append(p.detach().clone())
        filled = {k: v for k, v in optimizer.defaults.items()
                  if k in ("lr", "momentum", "nesterov", "betas", "eps")}  # what PyTorch assumes where nothing was said
        cases.append({"name": options["name"], "options": filled, "after": after})
    return {"start": start, "grads": grads, "cases": cases}


# Initialisation ------------------------------------------------------------------------------------------------------

def init(_dtype):
    """What can be said exactly: bounds and standard deviations, not samples."""
    gains = [{"name": name, "parameter": parameter, "gain": nn.init.calculate_gain(name, parameter)}
             for name, parameter in (("linear", None), ("sigmoid", None), ("tanh", None), ("relu", None),
                                     ("leaky_relu", 0.01), ("leaky_relu", 0.25))]
    cases = []
    for i, o in ((784, 512), (512, 10)):
        weight = torch.empty(o, i)
        fan_in, fan_out = nn.init._calculate_fan_in_and_fan_out(weight)
        cases.append({
            "in": i, "out": o,
            # nn.Linear: kaiming_uniform_(a=sqrt(5)) for the weight, U(+-1/sqrt(fan_in)) for the bias
            "pytorch_weight_bound": nn.init.calculate_gain("leaky_relu", math.sqrt(5)) * math.sqrt(3.0 / fan_in),
            "pytorch_bias_bound": 1 / math.sqrt(fan_in),
            "kaiming_std_relu": nn.init.calculate_gain("relu") / math.sqrt(fan_in),
            "kaiming_std_leaky_0.01": nn.init.calculate_gain("leaky_relu", 0.01) / math.sqrt(fan_in),
            "kaiming_std_prelu_0.25": nn.init.calculate_gain("leaky_relu", 0.25) / math.sqrt(fan_in),
            "kaiming_bound_relu": nn.init.calculate_gain("relu") * math.sqrt(3.0 / fan_in),
            "xavier_bound": math.sqrt(6.0 / (fan_in + fan_out)),
            "xavier_std": math.sqrt(2.0 / (fan_in + fan_out)),
        })
        # The formulas above against PyTorch's own samples: no sample may pass the bound, and one must come near it.
        torch.manual_seed(1)
        layer = nn.Linear(i, o)
        for values, bound in ((layer.weight, cases[-1]["pytorch_weight_bound"]),
                              (layer.bias, cases[-1]["pytorch_bias_bound"]),
                              (nn.init.xavier_uniform_(weight), cases[-1]["xavier_bound"])):
            largest = values.abs().max().item()
            assert largest <= bound * (1 + 1e-6) and (values.numel() < 100 or largest > 0.99 * bound), (largest, bound)
    return {"gains": gains, "cases": cases}


# Traces --------------------------------------------------------------------------------------------------------------

SAMPLES, BATCH, STEPS, FEATURES, HIDDEN1, HIDDEN2, CLASSES = 32, 8, 50, 12, 16, 8, 4
ADAM = {"name": "adam", "lr": 0.01}
NESTEROV = {"name": "sgd", "lr": 0.1, "momentum": 0.9, "nesterov": True}


class Mlp(nn.Module):
    """dense 16 | act | dense 8 | act | dense 4"""

    def __init__(self, name):
        super().__init__()
        self.fc1, self.fc2, self.fc3 = (nn.Linear(FEATURES, HIDDEN1), nn.Linear(HIDDEN1, HIDDEN2),
                                        nn.Linear(HIDDEN2, CLASSES))
        self.act1, self.act2 = make_activation(name, DEFAULTS[name])[0], make_activation(name, DEFAULTS[name])[0]

    def forward(self, x):
        return self.fc3(self.act2(self.fc2(self.act1(self.fc1(x)))))


def to_input(pixels):
    """ToTensor and Normalize, in float32: (pixel / 255 - mean) / std."""
    x = torch.tensor(pixels, dtype=torch.uint8).to(torch.float32).div(255)
    return x.sub_(torch.tensor(MEAN)).div_(torch.tensor(STD))


def traces(dtype):
    rng = random.Random(15)
    # Like MNIST, four fifths of the pixels are background; the rest carry the class, so that there
    # is something to learn.
    labels = [k % CLASSES for k in range(SAMPLES)]
    rng.shuffle(labels)
    pixels = []
    for label in labels:
        image = [0] * FEATURES
        for spot in range(3):
            image[(3 * label + spot) % FEATURES] = rng.choice([0, rng.randint(1, 254), 255])
        image[rng.randrange(FEATURES)] = rng.choice([0, 0, rng.randint(1, 255)])
        pixels.append(image)
    initial = {}
    for name, i, o in (("fc1", FEATURES, HIDDEN1), ("fc2", HIDDEN1, HIDDEN2), ("fc3", HIDDEN2, CLASSES)):
        initial[name + ".weight"] = normals(rng, o * i, math.sqrt(2.0 / i)).reshape(o, i)
        initial[name + ".bias"] = normals(rng, o, 0.05)
    x, y = to_input(pixels).to(dtype), torch.tensor(labels)

    cases = []
    # The square of a square begins at a loss of 178, from where only short steps keep rounding errors small.
    gentle = {"relu_squared": {"name": "sgd", "lr": 0.0001}}
    runs = [(n, gentle.get(n, ADAM), n in ("prelu", "swish")) for n in DEFAULTS] + [("relu", NESTEROV, False)]
    for name, options, keep in runs:
        model = Mlp(name).to(dtype)
        with torch.no_grad():
            for key, value in initial.items():
                model.get_parameter(key).copy_(tensor(value, dtype))
        optimizer = make_optimizer(options, model.parameters())
        losses = []
        for step in range(STEPS):
            rows = slice(step * BATCH % SAMPLES, step * BATCH % SAMPLES + BATCH)
            optimizer.zero_grad()
            value = nn.functional.cross_entropy(model(x[rows]), y[rows])
            value.backward()
            optimizer.step()
            losses.append(value.item())
        case = {"activation": name, "parameters": DEFAULTS[name], "optimizer": options, "losses": losses}
        if keep:
            case["final"] = dict(model.state_dict())
        cases.append(case)
    return {"model": "dense 16 | <activation> | dense 8 | <activation> | dense 4", "image": [1, 3, 4], "batch": BATCH,
            "mean": MEAN, "std": STD, "pixels": pixels, "labels": labels, "initial": initial, "cases": cases}


# Files ---------------------------------------------------------------------------------------------------------------

FILES = {"activations": activations, "loss": loss, "dense": dense, "optimizers": optimizers, "init": init,
         "traces": traces}


class Input(float):
    """A float32 that stands in a file in its shortest decimal, to be read as float32."""


def plain(value):
    """Tensors (results) and arrays (inputs) as nested lists of Python numbers."""
    if isinstance(value, torch.Tensor):
        return value.detach().numpy().tolist()
    if isinstance(value, np.ndarray):
        assert value.dtype == np.float32
        return [plain(v) for v in value] if value.ndim > 1 else [Input(v) for v in value]
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return value


def number(value):
    if isinstance(value, bool) or value is None or isinstance(value, (int, str)):
        return json.dumps(value)
    if not math.isfinite(value):
        raise ValueError(f"{value} has no JSON")
    if isinstance(value, Input):
        return str(np.float32(value)).removesuffix(".0")
    return f"{value:.9g}"


def write(value, indent=0):
    """JSON with lists of numbers wrapped at WIDTH, everything else one item a line."""
    pad = " " * indent
    if isinstance(value, dict):
        if not value:
            return "{}"
        items = [f"{pad} {json.dumps(k)}: {write(v, indent + 1)}" for k, v in value.items()]
        return "{\n" + ",\n".join(items) + f"\n{pad}}}"
    if not isinstance(value, list):
        return number(value)
    if any(isinstance(v, (dict, list)) for v in value):
        return "[\n" + ",\n".join(f"{pad} {write(v, indent + 1)}" for v in value) + f"\n{pad}]"
    text, line = "[", indent + 1
    lines = []
    for k, v in enumerate(value):
        item = number(v) + ("," if k + 1 < len(value) else "")
        if line + len(text) + len(item) > WIDTH:
            lines.append(text)
            text, line = pad + " ", 0
        text += item
    return "\n".join(lines + [text + "]"])


def differences(a, b, path, found):
    """Appends to found what differs between two JSON values by more than 1e-6 relative (1e-12 absolute)."""
    if type(a) is not type(b) and not (isinstance(a, (int, float)) and isinstance(b, (int, float))):
        found.append(f"{path}: {type(a).__name__} instead of {type(b).__name__}")
    elif isinstance(a, dict):
        if list(a) != list(b):
            found.append(f"{path}: keys {list(a)} instead of {list(b)}")
        else:
            for k in a:
                differences(a[k], b[k], f"{path}.{k}", found)
    elif isinstance(a, list):
        if len(a) != len(b):
            found.append(f"{path}: {len(a)} items instead of {len(b)}")
        else:
            for k, (u, v) in enumerate(zip(a, b)):
                differences(u, v, f"{path}[{k}]", found)
    elif isinstance(a, float) or isinstance(b, float):
        if abs(a - b) > 1e-12 + 1e-6 * max(abs(a), abs(b)):
            found.append(f"{path}: {a!r} instead of {b!r}")
    elif a != b:
        found.append(f"{path}: {a!r} instead of {b!r}")


def largest_gap(a, b):
    """The largest abs(a - b) / (1 + abs(b)) anywhere in two JSON values of one shape."""
    if isinstance(a, dict):
        return max((largest_gap(a[k], b[k]) for k in a), default=0.0)
    if isinstance(a, list):
        return max((largest_gap(u, v) for u, v in zip(a, b)), default=0.0)
    return abs(a - b) / (1 + abs(b)) if isinstance(a, (int, float)) else 0.0


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--check", action="store_true", help="compare with the files instead of writing them")
    args = options.parse_args()
    torch.set_num_threads(1)

    wrong = 0
    for name, make in FILES.items():
        path = HERE / f"{name}.json"
        content = plain(make(torch.float64))
        gap = largest_gap(plain(make(torch.float32)), content)
        assert gap < (5e-5 if name == "traces" else 1e-5), f"{name}: float32 is {gap} away from float64"
        if not args.check:
            # Debian's build of 1.13.1 calls itself 1.13.0a0: say both.
            header = {"torch": f"1.13.1 (torch.__version__ {torch.__version__})",
                      "script": "tests/golden/make_golden.py", "computed_in": "float64 from float32 inputs"}
            path.write_text(write(header | content) + "\n")
            print(f"{path.name}: {path.stat().st_size} bytes; PyTorch's own float32 is within {gap:.1e}")
            continue
        if not path.exists():
            found = [f"{path.name} is missing"]
        else:
            kept = {k: v for k, v in json.loads(path.read_text()).items()
                    if k not in ("torch", "script", "computed_in")}
            found = []
            # Compared as they would be written: with nine digits.
            differences(kept, json.loads(write(content)), path.name, found)
        print(f"{path.name}: " + (f"{len(found)} difference(s)" if found else "same"))
        for line in found[:10]:
            print("  " + line)
        wrong += len(found)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
