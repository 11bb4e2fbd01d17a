#include "io/pytorch_source.h"

#include <algorithm>

#include "core/text.h"
#include "io/json_text.h"

namespace reluscope {
namespace {

bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// A registry's expression with other texts for some names; "beta=" and "nn.beta" are none of them.
template <class Rename>
std::string renamed(std::string_view expression, const Rename& rename) {
  std::string text;
  for (std::size_t at = 0; at < expression.size();) {
    std::size_t end = at;
    while (end < expression.size() && is_name(expression[end])) ++end;
    if (end == at) {
      text += expression[at++];
      continue;
    }
    const std::string name(expression.substr(at, end - at));
    const bool free = (at == 0 || expression[at - 1] != '.') &&
                      (end == expression.size() || expression[end] != '=');
    text += free ? rename(name) : name;
    at = end;
  }
  return text;
}

// "relu_squared" -> "ReluSquared"
std::string class_name(std::string_view name) {
  std::string text;
  bool upper = true;
  for (const char c : name) {
    if (c != '_') text += upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    upper = c == '_';
  }
  return text;
}

constexpr std::string_view kModules = "torch.nn.";

// Whether the registry names a module, not an expression.
bool is_module(std::string_view pytorch) {
  return pytorch.substr(0, kModules.size()) == kModules && pytorch[kModules.size()] >= 'A' &&
         pytorch[kModules.size()] <= 'Z';
}

// Walks through the layers and collects the lines of three parts of the program.
class Program final : public PytorchWriter {
 public:
  explicit Program(const SavedNetwork& network) : network_(network) { shape_ = network.input; }

  std::string write() {
    const Model& model = network_.model;
    for (int l = 0; l < model.layer_count(); ++l) {
      name_ = model.layer_name(l);
      model.layer(l).write(*this);
      shape_ = model.layer(l).out_shape();
      for (int later = l + 1; later < model.layer_count(); ++later) {
        if (model.layer(later).skip_from() == l) {
          step("before_" + model.layer_name(later) + " = x");
        }
      }
    }
    if (shape_.size() > 1) step("x = torch.flatten(x, 1)");
    return text();
  }

  void module(const std::string& constructor) override { make("nn." + constructor); }
  void step(const std::string& line) override { steps_.push_back(line); }
  void activation(ActivationId id, std::span<const double> values, int learnt) override {
    const ActivationInfo& info = activation_info(id);
    const auto value_of = [&](const std::string& name) {
      if (name == "count") return std::to_string(learnt);
      for (std::size_t i = 0; i < info.parameters.size(); ++i) {
        if (name == info.parameters[i].name) return number_text(values[i]);
      }
      return name;
    };
    if (is_module(info.pytorch)) {
      module(renamed(std::string_view(info.pytorch).substr(kModules.size()), value_of));
      return;
    }
    const std::string made = activation_class(id, values);
    std::string arguments;
    const std::size_t fixed = activation_learns(info) ? 1 : 0;
    if (fixed == 1) arguments = std::to_string(learnt);
    for (std::size_t i = fixed; i < values.size(); ++i) {
      arguments += (arguments.empty() ? "" : ", ") + number_text(values[i]);
    }
    make(made + "(" + arguments + ")");
  }

 private:
  // A line of the constructor, and one of forward.
  void make(const std::string& constructor) {
    made_.push_back("self." + name_ + " = " + constructor);
    step("x = self." + name_ + "(x)");
  }

  // The name of a module for an activation that is none in PyTorch. A trace has what is not learnt
  // in it as constants, so that other values need another module.
  std::string activation_class(ActivationId id, std::span<const double> values) {
    const ActivationInfo& info = activation_info(id);
    std::string name = class_name(info.name);
    if (*info.pytorch == '\0') {
      for (const double value : values) name += "_" + number_text(value);
      std::replace_if(
          name.begin(), name.end(), [](char c) { return !is_name(c); }, '_');
    }
    if (std::find(classes_.begin(), classes_.end(), name) != classes_.end()) return name;
    classes_.push_back(name);
    const bool learns = activation_learns(info);
    const std::string learnt = learns ? info.parameters.front().name : "";
    std::string arguments;
    std::vector<std::string> made;
    if (learns) {
      arguments = ", count";
      made.push_back("self." + learnt + " = nn.Parameter(torch.full((count,), float(" +
                     number_text(info.parameters.front().initial) + ")))");
    }
    for (std::size_t i = learns ? 1 : 0; i < info.parameters.size(); ++i) {
      const std::string parameter = info.parameters[i].name;
      arguments += ", " + parameter;
      made.push_back("self." + parameter + " = " + parameter);
    }
    std::vector<std::string> lines = {
        "class " + name + "(nn.Module):", "    \"\"\"" + std::string(info.formula) + "\"\"\"", ""};
    if (!made.empty()) {
      lines.push_back("    def __init__(self" + arguments + "):");
      lines.emplace_back("        super().__init__()");
      for (const std::string& line : made) lines.push_back("        " + line);
      lines.emplace_back();
    }
    lines.emplace_back("    def forward(self, x):");
    if (learns) {  // one a channel, whatever follows it
      lines.push_back("        " + learnt + " = self." + learnt +
                      ".view(-1, *[1] * (x.dim() - 2))");
    }
    if (*info.pytorch == '\0') {
      for (const std::string& line : pytorch_lines(trace_activation(id, values), learnt)) {
        lines.push_back("        " + line);
      }
    } else {
      lines.push_back("        return " + renamed(info.pytorch, [&](const std::string& word) {
                        for (std::size_t i = learns ? 1 : 0; i < info.parameters.size(); ++i) {
                          if (word == info.parameters[i].name) return "self." + word;
                        }
                        return word;
                      }));
    }
    for (const std::string& line : lines) definitions_ += line + "\n";
    definitions_ += "\n\n";
    return name;
  }

  std::string text() const;

  const SavedNetwork& network_;
  std::vector<std::string> classes_;  // of activations, so far
  std::string definitions_;
  std::vector<std::string> made_, steps_;
};

std::string Program::text() const {
  const std::string shape = python_tuple(network_.input);
  std::string text = R"py(# A network that reluscope trained, in PyTorch.
#
#   python3 model.py WEIGHTS.pth FOLDER
#
# scores the weights that "reluscope train --save WEIGHTS.pth" wrote on the test images in a folder, the files
# t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, plain or .gz. Needs PyTorch 1.13 or newer and nothing else.
import gzip
import os
import struct
import sys

import torch
from torch import nn

)py";
  // JSON's texts and lists of texts are Python's as well.
  text += "MODEL = " + json_line(network_.architecture) + "\n";
  text += "CLASSES = " + json_line(network_.classes) + "\n";
  text += "INPUT = " + shape + "  # channels, height, width\n";
  text += "MEAN, STD = " + number_text(network_.mean) + ", " + number_text(network_.std) +
          "  # of pixels scaled to 0..1\n\n\n";
  text += definitions_;
  text += "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n";
  for (const std::string& line : made_) text += "        " + line + "\n";
  text += "\n    def forward(self, x):  # (N, *INPUT), normalised\n";
  for (const std::string& line : steps_) text += "        " + line + "\n";
  text += "        return x\n";
  text += R"py(

def normalise(images):
    """What the network reads, of images (N, height, width) of bytes."""
    return (images.reshape(-1, *INPUT).float() / 255 - MEAN) / STD


def load(path):
    """The network with the weights of a .pth file, for scoring."""
    net = Net()
    net.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return net.eval()


def read_idx(folder, name):
    """An IDX file of bytes (http://yann.lecun.com/exdb/mnist) as a tensor."""
    path = os.path.join(folder, name)
    with open(path, "rb") if os.path.exists(path) else gzip.open(path + ".gz", "rb") as file:
        data = file.read()
    zeros, kind, dimensions = struct.unpack(">HBB", data[:4])
    if zeros != 0 or kind != 8:
        raise SystemExit(f"{path} is not an IDX file of bytes")
    shape = struct.unpack(f">{dimensions}I", data[4:4 + 4 * dimensions])
    return torch.frombuffer(bytearray(data[4 + 4 * dimensions:]), dtype=torch.uint8).reshape(shape)


def main():
    if len(sys.argv) != 3:
        raise SystemExit("usage: python3 model.py WEIGHTS.pth FOLDER")
    net = load(sys.argv[1])
    images = read_idx(sys.argv[2], "t10k-images-idx3-ubyte")
    labels = read_idx(sys.argv[2], "t10k-labels-idx1-ubyte").long()
    loss, correct = 0.0, 0
    with torch.no_grad():
        for first in range(0, len(labels), 1000):
            logits, expected = net(normalise(images[first:first + 1000])), labels[first:first + 1000]
            loss += nn.functional.cross_entropy(logits, expected, reduction="sum").item()
            correct += (logits.argmax(1) == expected).sum().item()
    print(f"Test set: Average loss: {loss / len(labels):.4f}, "
          f"Accuracy: {correct}/{len(labels)} ({100 * correct / len(labels):.2f}%)")


if __name__ == "__main__":
    main()
)py";
  return text;
}

}  // namespace

std::string pytorch_source(const SavedNetwork& network) { return Program(network).write(); }

std::vector<std::string> pytorch_lines(const Trace& trace, const std::string& parameter) {
  std::vector<int> uses(trace.nodes.size());
  for (const TraceNode& node : trace.nodes) {
    for (const int operand : {node.a, node.b, node.c}) {
      if (operand >= 0) ++uses[static_cast<std::size_t>(operand)];
    }
  }
  std::vector<std::string> lines, texts, operands;  // of each node: alone, and beside a sign
  const auto of = [&operands](int node) { return operands[static_cast<std::size_t>(node)]; };
  const auto alone = [&texts](int node) { return texts[static_cast<std::size_t>(node)]; };
  const auto call = [&alone](const char* function, const TraceNode& node) {
    return std::string("torch.") + function + "(" + alone(node.a) + ")";
  };
  const auto between = [&of](const TraceNode& node, const char* sign) {
    return of(node.a) + " " + sign + " " + of(node.b);
  };
  for (std::size_t n = 0; n < trace.nodes.size(); ++n) {
    const TraceNode& node = trace.nodes[n];
    std::string text;
    bool simple = true;  // needs no parentheses
    switch (node.op) {
      case TraceOp::kInput: text = "x"; break;
      case TraceOp::kParameter: text = parameter; break;
      case TraceOp::kConstant: text = number_text(node.constant); break;
      case TraceOp::kAdd:
        text = between(node, "+");
        simple = false;
        break;
      case TraceOp::kSubtract:
        text = between(node, "-");
        simple = false;
        break;
      case TraceOp::kMultiply:
        text = between(node, "*");
        simple = false;
        break;
      case TraceOp::kDivide:
        text = between(node, "/");
        simple = false;
        break;
      case TraceOp::kLess:
        text = between(node, "<");
        simple = false;
        break;
      case TraceOp::kGreater:
        text = between(node, ">");
        simple = false;
        break;
      case TraceOp::kNegate:
        text = "-" + of(node.a);
        simple = false;
        break;
      case TraceOp::kSquareRoot: text = call("sqrt", node); break;
      case TraceOp::kExp: text = call("exp", node); break;
      case TraceOp::kExpm1: text = call("expm1", node); break;
      case TraceOp::kLog: text = call("log", node); break;
      case TraceOp::kLog1p: text = call("log1p", node); break;
      case TraceOp::kSigmoid: text = call("sigmoid", node); break;
      case TraceOp::kTanh: text = call("tanh", node); break;
      case TraceOp::kErf: text = call("erf", node); break;
      case TraceOp::kSelect:
        text = "torch.where(" + alone(node.a) + ", " + alone(node.b) + ", " + alone(node.c) + ")";
        break;
    }
    if (static_cast<int>(n) == trace.result) {
      lines.push_back("return " + text);
      return lines;
    }
    const bool leaf = node.a < 0;
    if (!leaf && uses[n] > 1) {  // computed once
      const std::string name = "t" + std::to_string(n);
      lines.push_back(name + " = " + text);
      text = name;
      simple = true;
    }
    texts.push_back(text);
    operands.push_back(simple ? text : "(" + text + ")");
  }
  return lines;
}

}  // namespace reluscope
