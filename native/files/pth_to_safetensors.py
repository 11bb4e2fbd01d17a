#!/usr/bin/env python3
"""Turns weights that PyTorch saved into a .safetensors file, which reluscope reads.

    python3 pth_to_safetensors.py mnist_relu_model.pth mnist.safetensors
    reluscope eval --weights mnist.safetensors --model "dense 512 | relu | dense 10"

A .pth file is a pickle, and a pickle is a program: whoever opens one runs it. That is why reluscope does not read
them and this script does, with PyTorch's own weights_only=True, which refuses everything but tensors. A
.safetensors file is a header and numbers, and nothing in it can be run.

The file must hold a state_dict, as torch.save(model.state_dict(), path) writes it. Names have to be reluscope's, which
"reluscope info --model ..." prints: fc1.weight, fc1.bias, conv1.weight, bn1.running_mean, ... Where a network's own names
differ, --rename OLD=NEW changes a name or its beginning, and may be given often:

    python3 pth_to_safetensors.py net.pth net.safetensors --rename layers.0=fc1 --rename layers.2=fc2

Needs PyTorch 1.13 or newer and nothing else.
"""
import argparse
import json
import struct
import sys

import torch


def stored(tensor):
    """dtype and bytes of a tensor: whole numbers as int64, all others as float32, little-endian, in C order."""
    whole = not (tensor.is_floating_point() or tensor.dtype == torch.bool)
    values = tensor.detach().to("cpu", torch.int64 if whole else torch.float32).contiguous().flatten().tolist()
    return ("I64", struct.pack(f"<{len(values)}q", *values)) if whole else ("F32", struct.pack(f"<{len(values)}f", *values))


def safetensors(tensors, metadata):
    """A whole file: u64 size of the header, the header in JSON, the data. Tensors are sorted by descending element size,
    then by name; the header is padded with spaces to a multiple of 8."""
    entries = [(name, tuple(tensor.shape), *stored(tensor)) for name, tensor in tensors.items()]
    entries.sort(key=lambda entry: (-int(entry[2][1:]), entry[0]))
    header, end = {"__metadata__": metadata}, 0
    for name, shape, dtype, data in entries:
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [end, end + len(data)]}
        end += len(data)
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(entry[3] for entry in entries)


def renamed(name, rules):
    for old, new in rules:
        if name == old or name.startswith(old + "."):
            return new + name[len(old):]
    return name


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pth")
    parser.add_argument("safetensors")
    parser.add_argument("--rename", action="append", default=[], metavar="OLD=NEW")
    options = parser.parse_args()
    try:
        tensors = torch.load(options.pth, map_location="cpu", weights_only=True)
    except Exception as error:  # PyTorch raises many kinds
        sys.exit(f"error: {options.pth} cannot be read as weights alone: {error}")
    if not isinstance(tensors, dict) or not all(isinstance(value, torch.Tensor) for value in tensors.values()):
        sys.exit(f"error: {options.pth} holds no state_dict: save model.state_dict(), not the model")
    for rule in options.rename:
        if "=" not in rule:
            sys.exit(f"error: --rename {rule} is not OLD=NEW")
    rules = [rule.split("=", 1) for rule in options.rename]
    named = {renamed(name, rules): tensor for name, tensor in tensors.items()}
    if len(named) != len(tensors):
        sys.exit("error: --rename gives two tensors the same name")
    with open(options.safetensors, "wb") as file:
        file.write(safetensors(named, {"format": "pt"}))


if __name__ == "__main__":
    main()
