"""The reference program's own network and our .pth, both ways. Prints one line of JSON.

    python3 reference_net.py MODEL.pth IMAGES LABELS NEW.pth

Loads MODEL.pth into it, strictly; then draws other weights, scores them on the test images and saves them as NEW.pth.
"""
import json
import struct
import sys

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(28 * 28, 512)
        self.relu = nn.ReLU()
        self.fc2 = nn.Linear(512, 10)

    def forward(self, x):
        x = x.view(-1, 28 * 28)
        return self.fc2(self.relu(self.fc1(x)))


def idx(path):
    with open(path, "rb") as file:
        data = file.read()
    sizes = struct.unpack(f">{data[3]}I", data[4:4 + 4 * data[3]])
    return torch.frombuffer(bytearray(data[4 + 4 * data[3]:]), dtype=torch.uint8).reshape(sizes)


def correct(net, images, labels):
    with torch.no_grad():
        return int((net((images.float() / 255 - 0.1307) / 0.3081).argmax(1) == labels).sum())


torch.manual_seed(3)
images, labels = idx(sys.argv[2]), idx(sys.argv[3]).long()
ours = Net()
ours.load_state_dict(torch.load(sys.argv[1], weights_only=True), strict=True)
new = Net()
torch.save(new.state_dict(), sys.argv[4])
print(json.dumps({"ours": correct(ours, images, labels), "new": correct(new, images, labels)}))
