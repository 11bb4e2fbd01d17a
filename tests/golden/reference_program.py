#!/usr/bin/python3
"""The program that reluscope measures itself against: 784-512-10, ReLU, cross-entropy and Adam on MNIST, in PyTorch.

As written it draws every image through a DataLoader with two workers; with --in-memory the normalised images lie in
one tensor, which is the fair rival for speed. It prints its lines, the training rate of every epoch, a summary, and
the rate of PyTorch's own matrix products in the shapes of training.

    python3 tests/golden/reference_program.py --data DIR --in-memory --threads 1
"""

import argparse
import gzip
import pathlib
import statistics
import sys
import time

import numpy as np
import torch
from torch import nn

MEAN, STD = 0.1307, 0.3081
BATCH, TEST_BATCH = 64, 1000
HIDDEN, CLASSES = 512, 10


def read_idx(folder, name):
    """The array of an IDX file of bytes, plain or gzipped, after checking magic and size."""
    for path in (folder / name, folder / (name + ".gz")):
        if path.exists():
            raw = path.read_bytes()
            break
    else:
        raise SystemExit(f"error: neither {name} nor {name}.gz is in {folder}")
    if raw[:2] == b"\x1f\x8b":
        raw = gzip.decompress(raw)
    if len(raw) < 4 or raw[:3] != b"\x00\x00\x08":
        raise SystemExit(f"error: {path} is not an IDX file of bytes")
    dims = raw[3]
    shape = np.frombuffer(raw, ">u4", dims, 4)
    data = np.frombuffer(raw, np.uint8, offset=4 + 4 * dims)
    if data.size != np.prod(shape, dtype=np.int64):
        raise SystemExit(f"error: {path} holds {data.size} bytes of data, not the {tuple(shape)} it declares")
    return data.reshape(shape)


def normalise(pixels):
    """What ToTensor and Normalize do, operation for operation, in float32."""
    x = torch.from_numpy(np.array(pixels)).to(torch.float32).div(255)
    return x.sub_(torch.tensor(MEAN)).div_(torch.tensor(STD))


class Images(torch.utils.data.Dataset):
    """One image at a time, normalised when asked for, as a DataLoader's workers do it."""

    def __init__(self, pixels, labels):
        self.pixels, self.labels = pixels, labels

    def __len__(self):
        return len(self.pixels)

    def __getitem__(self, i):
        return normalise(self.pixels[i])[None], int(self.labels[i])


class InMemory:
    """Batches gathered from one tensor of all normalised images."""

    def __init__(self, pixels, labels, batch, shuffle):
        self.x = normalise(pixels).reshape(len(pixels), -1)  # (N, H*W)
        self.y = torch.from_numpy(labels.astype(np.int64))  # (N)
        self.batch, self.shuffle = batch, shuffle

    def __len__(self):
        return -(-len(self.x) // self.batch)

    def __iter__(self):
        if not self.shuffle:
            yield from zip(self.x.split(self.batch), self.y.split(self.batch))
            return
        for rows in torch.randperm(len(self.x)).split(self.batch):
            yield self.x.index_select(0, rows), self.y.index_select(0, rows)


class ConvNet(nn.Module):
    """conv 32x3 p1 | bn | relu | pool 2 | conv 64x3 p1 | bn | relu | pool 2 | dense 128 | relu | dropout 0.5 | dense 10"""

    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(1, 32, 3, padding=1), nn.BatchNorm2d(32)
        self.conv2, self.bn2 = nn.Conv2d(32, 64, 3, padding=1), nn.BatchNorm2d(64)
        self.pool, self.relu, self.dropout = nn.MaxPool2d(2), nn.ReLU(), nn.Dropout(0.5)
        self.fc1 = nn.Linear(64 * 7 * 7, 128)
        self.fc2 = nn.Linear(128, CLASSES)

    def forward(self, x):
        x = x.reshape(len(x), 1, 28, 28)
        x = self.pool(self.relu(self.bn1(self.conv1(x))))
        x = self.pool(self.relu(self.bn2(self.conv2(x))))
        return self.fc2(self.dropout(self.relu(self.fc1(torch.flatten(x, 1)))))


class Net(nn.Module):
    def __init__(self, features):
        super().__init__()
        self.fc1 = nn.Linear(features, HIDDEN)
        self.relu = nn.ReLU()
        self.fc2 = nn.Linear(HIDDEN, CLASSES)

    def forward(self, x):
        return self.fc2(self.relu(self.fc1(torch.flatten(x, 1))))


def initialise(model, scheme):
    """'pytorch' keeps what nn.Linear does by itself; 'he' draws N(0, 2 / fan_in) and sets the biases to zero."""
    if scheme == "pytorch":
        return
    for layer in model.modules():
        if not isinstance(layer, (nn.Linear, nn.Conv2d)):
            continue
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        nn.init.zeros_(layer.bias)


def train(model, loader, loss_of, optimizer, epoch, total, quiet):
    model.train()
    done = 0
    for batch, (x, y) in enumerate(loader, 1):
        optimizer.zero_grad()
        loss = loss_of(model(x), y)
        loss.backward()
        optimizer.step()
        done += len(x)
        if batch % 100 == 0 and not quiet:
            print(f"Train Epoch: {epoch} [{done}/{total} ({100 * done / total:.0f}%)]\tLoss: {loss.item():.6f}")


def test(model, loader, total):
    model.eval()
    loss, correct = 0.0, 0
    with torch.no_grad():
        for x, y in loader:
            logits = model(x)
            loss += nn.functional.cross_entropy(logits, y, reduction="sum").item()
            correct += (logits.argmax(1) == y).sum().item()
    print(f"Test set: Average loss: {loss / total:.4f}, Accuracy: {correct}/{total} ({100 * correct / total:.2f}%)",
          flush=True)
    return correct / total


def gemm_rates(features):
    """GFLOP/s of torch.mm for the products of one training step, each the best of five runs of about 0.2 s."""
    products = [
        ("forward 1", (BATCH, features), (features, HIDDEN)),
        ("forward 2", (BATCH, HIDDEN), (HIDDEN, CLASSES)),
        ("dx 2", (BATCH, CLASSES), (CLASSES, HIDDEN)),
        ("dweight 2", (CLASSES, BATCH), (BATCH, HIDDEN)),
        ("dweight 1", (HIDDEN, BATCH), (BATCH, features)),
        ("square", (512, 512), (512, 512)),
    ]
    for name, (n, k), (_, m) in products:
        a, b, c = torch.randn(n, k), torch.randn(k, m), torch.empty(n, m)
        flops = 2 * n * k * m
        rounds = max(3, int(0.2 * 50e9 / flops))
        rate = 0.0
        for _ in range(5):
            begin = time.perf_counter()
            for _ in range(rounds):
                torch.mm(a, b, out=c)
            rate = max(rate, flops * rounds / (time.perf_counter() - begin) / 1e9)
        print(f"GEMM {name:10s} {n}x{k} . {k}x{m}: {rate:.1f} GFLOP/s")


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--data", type=pathlib.Path, required=True, help="folder with the four IDX files")
    options.add_argument("--init", choices=["he", "pytorch"], default="pytorch")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--epochs", type=int, default=10)
    options.add_argument("--threads", type=int, default=1)
    options.add_argument("--conv", action="store_true", help="a small convolutional network instead")
    options.add_argument("--train-samples", type=int, help="only so many, from the beginning")
    options.add_argument("--in-memory", action="store_true", help="no DataLoader: all images in one tensor")
    options.add_argument("--quiet", action="store_true", help="no lines within an epoch")
    options.add_argument("--no-gemm", action="store_true", help="do not measure matrix products at the end")
    options.add_argument("--save", type=pathlib.Path, help="write the state_dict there when done")
    args = options.parse_args()

    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    device = torch.device("cuda" if torch.cuda.is_available() and not args.in_memory else "cpu")
    if device.type == "cuda":
        raise SystemExit("error: this copy measures the CPU only")
    print(f"Using device: {device}, {torch.get_num_threads()} thread(s), PyTorch {torch.__version__}, init {args.init}, "
          f"seed {args.seed}")

    parts = {name: (read_idx(args.data, f"{stem}-images-idx3-ubyte"), read_idx(args.data, f"{stem}-labels-idx1-ubyte"))
             for name, stem in (("train", "train"), ("test", "t10k"))}
    (train_x, train_y), (test_x, test_y) = parts["train"], parts["test"]
    train_x, train_y = train_x[: args.train_samples], train_y[: args.train_samples]
    if args.in_memory:
        train_loader = InMemory(train_x, train_y, BATCH, shuffle=True)
        test_loader = InMemory(test_x, test_y, TEST_BATCH, shuffle=False)
    else:
        load = torch.utils.data.DataLoader
        train_loader = load(Images(train_x, train_y), batch_size=BATCH, shuffle=True, num_workers=2)
        test_loader = load(Images(test_x, test_y), batch_size=TEST_BATCH, shuffle=False, num_workers=2)

    features = train_x[0].size
    model = ConvNet() if args.conv else Net(features)
    initialise(model, args.init)
    loss_of = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001)

    rates = []
    for epoch in range(1, args.epochs + 1):
        begin = time.perf_counter()
        train(model, train_loader, loss_of, optimizer, epoch, len(train_x), args.quiet)
        seconds = time.perf_counter() - begin
        rates.append(len(train_x) / seconds)
        test(model, test_loader, len(test_x))
        print(f"Epoch {epoch}: {seconds:.2f} s of training, {rates[-1]:.0f} samples/s", flush=True)
    if rates:
        print(f"Median over {len(rates)} epoch(s): {statistics.median(rates):.0f} samples/s, best {max(rates):.0f}")
    if not args.no_gemm:
        gemm_rates(features)
    if args.save:
        torch.save(model.state_dict(), args.save)
    return 0


if __name__ == "__main__":
    sys.exit(main())
