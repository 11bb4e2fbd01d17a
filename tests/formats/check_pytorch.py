"""What real PyTorch makes of the files that tests/node/formats.test.mjs wrote. Prints one line of JSON.

    python3 check_pytorch.py IMAGES COUNT CASE...

IMAGES: COUNT images of 28 x 28 bytes, one after the other. CASE: a folder with net.pth, model.py and logits.bin, our
logits of these images as float32.
"""
import importlib.util
import json
import os
import sys

import torch


def module_of(folder):
    spec = importlib.util.spec_from_file_location("model_" + os.path.basename(folder), os.path.join(folder, "model.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def check(folder, images):
    module = module_of(folder)
    path = os.path.join(folder, "net.pth")
    tensors = torch.load(path, weights_only=True)
    net = module.load(path)  # strictly: no name may be missing or left over
    with torch.no_grad():
        logits = torch.cat([net(module.normalise(part)) for part in images.split(200)])
    with open(os.path.join(folder, "logits.bin"), "rb") as file:
        ours = torch.frombuffer(bytearray(file.read()), dtype=torch.float32).reshape(logits.shape)
    return {
        "difference": (logits - ours).abs().max().item(),
        "keys": list(tensors),
        "same_keys": list(tensors) == list(net.state_dict()),
        "dtypes": sorted({str(tensor.dtype) for tensor in tensors.values()}),
        "spread": logits.std().item(),
    }


def main():
    torch.set_num_threads(1)
    with open(sys.argv[1], "rb") as file:
        images = torch.frombuffer(bytearray(file.read()), dtype=torch.uint8).reshape(int(sys.argv[2]), 28, 28)
    print(json.dumps({os.path.basename(folder): check(folder, images) for folder in sys.argv[3:]}))


main()
