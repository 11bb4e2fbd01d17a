// A network as a program for PyTorch: each layer is a module or a line of forward, and an
// activation that PyTorch lacks becomes a class by its trace.
#include <algorithm>

#include "core/text.h"
#include "io/json_text.h"
#include "io/saved_network.h"

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
  return pytorch.starts_with(kModules) && pytorch[kModules.size()] >= 'A' &&
         pytorch[kModules.size()] <= 'Z';
}

constexpr const char* kHead = R"py(# A network that reluscope trained, in PyTorch.
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

constexpr const char* kTail = R"py(

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
    // JSON's texts and lists of texts are Python's as well.
    return kHead + ("MODEL = " + json_line(network_.architecture)) +
           "\nCLASSES = " + json_line(network_.classes) +
           "\nINPUT = " + python_tuple(network_.input) + "  # channels, height, width\n" +
           "MEAN, STD = " + number_text(network_.mean) + ", " + number_text(network_.std) +
           "  # of pixels scaled to 0..1\n\n\n" + definitions_ +
           "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n" + made_ +
           "\n    def forward(self, x):  # (N, *INPUT), normalised\n" + steps_ +
           "        return x\n" + kTail;
  }

  void module(const std::string& constructor) override { make("nn." + constructor); }
  void step(const std::string& line) override { steps_ += kIndent + line + "\n"; }
  void activation(ActivationId id, std::span<const double> values, int learnt) override {
    const ActivationInfo& info = activation_info(id);
    if (is_module(info.pytorch)) {
      const auto value_of = [&](const std::string& name) {
        if (name == "count") return std::to_string(learnt);
        for (std::size_t i = 0; i < info.parameters.size(); ++i) {
          if (name == info.parameters[i].name) return number_text(values[i]);
        }
        return name;
      };
      module(renamed(std::string_view(info.pytorch).substr(kModules.size()), value_of));
      return;
    }
    std::string arguments = activation_learns(info) ? std::to_string(learnt) : "";
    for (std::size_t i = activation_learns(info) ? 1 : 0; i < values.size(); ++i) {
      arguments += (arguments.empty() ? "" : ", ") + number_text(values[i]);
    }
    make(activation_class(id, values) + "(" + arguments + ")");
  }

 private:
  static constexpr const char* kIndent = "        ";

  // A line of the constructor, and one of forward.
  void make(const std::string& constructor) {
    made_ += kIndent + ("self." + name_) + " = " + constructor + "\n";
    step("x = self." + name_ + "(x)");
  }

  // The name of a module for an activation that is none in PyTorch. A trace has what is not learnt
  // in it as constants, so that other values need another module.
  std::string activation_class(ActivationId id, std::span<const double> values) {
    const ActivationInfo& info = activation_info(id);
    std::string name = class_name(info.name);
    const bool traced = *info.pytorch == '\0';
    if (traced) {
      for (const double value : values) name += "_" + number_text(value);
      std::replace_if(
          name.begin(), name.end(), [](char c) { return !is_name(c); }, '_');
    }
    if (std::find(classes_.begin(), classes_.end(), name) != classes_.end()) return name;
    classes_.push_back(name);
    const std::string learnt = activation_learns(info) ? info.parameters.front().name : "";
    std::string arguments, made;
    for (const ActivationParameter& p : info.parameters) {
      const bool learns = p.name == learnt;
      arguments += learns ? ", count" : std::string(", ") + p.name;
      made += kIndent + ("self." + std::string(p.name)) + " = " +
              (learns ? "nn.Parameter(torch.full((count,), float(" + number_text(p.initial) + ")))"
                      : p.name) +
              "\n";
    }
    definitions_ += "class " + name + "(nn.Module):\n    \"\"\"" + info.formula + "\"\"\"\n\n";
    if (!made.empty()) {
      definitions_ +=
          "    def __init__(self" + arguments + "):\n        super().__init__()\n" + made + "\n";
    }
    const auto kept = [&](const std::string& word) {
      const bool is_parameter = std::any_of(info.parameters.begin(), info.parameters.end(),
                                            [&](const auto& p) { return word == p.name; });
      return is_parameter && word != learnt ? "self." + word : word;
    };
    definitions_ += "    def forward(self, x):\n";
    if (!learnt.empty()) {  // one a channel, whatever follows it
      definitions_ += kIndent + learnt + " = self." + learnt + ".view(-1, *[1] * (x.dim() - 2))\n";
    }
    for (const std::string& line :
         traced ? pytorch_lines(trace_activation(id, values), learnt)
                : std::vector<std::string>{"return " + renamed(info.pytorch, kept)}) {
      definitions_ += kIndent + line + "\n";
    }
    definitions_ += "\n\n";
    return name;
  }

  const SavedNetwork& network_;
  std::vector<std::string> classes_;  // of activations, so far
  std::string definitions_, made_, steps_;
};

}  // namespace

OperationTexts texts_of(TraceOp op) {
  switch (op) {
    case TraceOp::kInput: return {"x", ""};
    case TraceOp::kParameter: return {"parameter", ""};
    case TraceOp::kConstant: return {"constant", ""};
    case TraceOp::kAdd: return {"a + b", "Add"};
    case TraceOp::kSubtract: return {"a - b", "Sub"};
    case TraceOp::kMultiply: return {"a * b", "Mul"};
    case TraceOp::kDivide: return {"a / b", "Div"};
    case TraceOp::kLess: return {"a < b", "Less"};
    case TraceOp::kGreater: return {"a > b", "Greater"};
    case TraceOp::kNegate: return {"-a", "Neg"};
    case TraceOp::kSquareRoot: return {"torch.sqrt(a)", "Sqrt"};
    case TraceOp::kExp: return {"torch.exp(a)", "Exp"};
    case TraceOp::kExpm1: return {"torch.expm1(a)", ""};
    case TraceOp::kLog: return {"torch.log(a)", "Log"};
    case TraceOp::kLog1p: return {"torch.log1p(a)", ""};
    case TraceOp::kSigmoid: return {"torch.sigmoid(a)", "Sigmoid"};
    case TraceOp::kTanh: return {"torch.tanh(a)", "Tanh"};
    case TraceOp::kErf: return {"torch.erf(a)", "Erf"};
    case TraceOp::kSelect: return {"torch.where(a, b, c)", "Where"};
  }
  return {};
}

std::string pytorch_source(const SavedNetwork& network) { return Program(network).write(); }

std::vector<std::string> pytorch_lines(const Trace& trace, const std::string& parameter) {
  std::vector<int> uses(trace.nodes.size());
  for (const TraceNode& node : trace.nodes) {
    for (const int operand : {node.a, node.b, node.c}) {
      if (operand >= 0) ++uses[operand];
    }
  }
  std::vector<std::string> lines, texts, operands;  // of each node: alone, and beside a sign
  for (std::size_t n = 0; n < trace.nodes.size(); ++n) {
    const TraceNode& node = trace.nodes[n];
    const std::string_view pattern = texts_of(node.op).python;
    const bool leaf = node.a < 0, call = pattern.ends_with(')');
    std::string text = renamed(pattern, [&](const std::string& word) {
      if (word == "parameter") return parameter;
      if (word == "constant") return number_text(node.constant);
      const int operand = word == "a" ? node.a : word == "b" ? node.b : word == "c" ? node.c : -1;
      if (operand < 0) return word;
      return (call ? texts : operands)[operand];
    });
    if (static_cast<int>(n) == trace.result) {
      lines.push_back("return " + text);
      return lines;
    }
    const bool named = !leaf && uses[n] > 1;  // computed once
    if (named) {
      lines.push_back(joined("t", n, " = ", text));
      text = joined("t", n);
    }
    texts.push_back(text);
    operands.push_back(leaf || call || named ? text : "(" + text + ")");
  }
  return lines;
}

}  // namespace reluscope
