#!/usr/bin/env python3
"""Converts weights saved by PyTorch to a .safetensors file, which reluscope reads.

    python3 pth_to_safetensors.py mnist_relu_model.pth mnist.safetensors
    reluscope eval --weights mnist.safetensors --model "dense 512 | relu | dense 10"

A .pth file is a pickle, and loading a pickle can run code. So reluscope does not read such files. This script uses PyTorch's
weights_only=True, which accepts only tensors. A .safetensors file contains no code.

The file must contain a state_dict, as torch.save(model.state_dict(), path) writes it. The names must be those that
"reluscope info --model ..." prints: fc1.weight, fc1.bias, conv1.weight, bn1.running_mean, ... --rename OLD=NEW changes a name
or the beginning of a name. It may be repeated:

    python3 pth_to_safetensors.py net.pth net.safetensors --rename layers.0=fc1 --rename layers.2=fc2

Requires PyTorch 1.13 or later and nothing else.
"""
import argparse
import json
import struct
import sys

import torch


def stored(tensor):
    """The dtype and bytes of a tensor: integers as int64, all others as float32, little-endian, in C order."""
    whole = not (tensor.is_floating_point() or tensor.dtype == torch.bool)
    values = tensor.detach().to("cpu", torch.int64 if whole else torch.float32).contiguous().flatten().tolist()
    return ("I64", struct.pack(f"<{len(values)}q", *values)) if whole else ("F32", struct.pack(f"<{len(values)}f", *values))


def safetensors(tensors, metadata):
    """The bytes of a file: the size of the header (u64), the header (JSON), the data. Tensors are sorted by descending
    element size, then by name; spaces pad the header to a multiple of 8 bytes."""
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
    except Exception as error:  # PyTorch raises many types
        sys.exit(f"error: {options.pth} cannot be read as weights: {error}")
    if not isinstance(tensors, dict) or not all(isinstance(value, torch.Tensor) for value in tensors.values()):
        sys.exit(f"error: {options.pth} contains no state_dict: save model.state_dict(), not the model")
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
