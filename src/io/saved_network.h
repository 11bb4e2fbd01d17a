// A trained network, and the writers of other programs' formats.
#pragma once

#include <string>
#include <vector>

#include "core/bytes.h"
#include "io/safetensors.h"
#include "nn/model.h"
#include "nn/trace.h"

namespace reluscope {

struct SavedNetwork {
  const Model& model;
  std::string architecture;          // canonical spelling
  std::vector<NamedTensor> tensors;  // the state_dict, in its order
  Shape input;                       // of one sample, (C, H, W)
  std::vector<std::string> classes;  // their names
  double mean, std;                  // normalisation of pixels scaled to 0..1
};

// An ONNX model, for any program that runs those: its input `image` is float32 (N, C, H, W), raw
// pixels from 0 to 255, which it normalises itself; its output `logits` is float32 (N, classes).
// The metadata say "classes" (a JSON list of their names) and "model".
Bytes write_onnx(const SavedNetwork& network);

// A state_dict as torch.save writes it; torch.load(..., weights_only=True) reads the result. There
// is no reader, because a pickle is a program that a reader would have to run.
Bytes write_torch(const std::vector<NamedTensor>& tensors);

// A Python program that rebuilds the network in PyTorch, with the names of its state_dict, and
// scores the weights of a .pth file on a folder of IDX files.
std::string pytorch_source(const SavedNetwork& network);

// An elementary operation in Python, where a, b and c are its operands, and its operator in ONNX
// ("": none).
struct OperationTexts {
  std::string_view python;
  const char* onnx = "";
};
OperationTexts texts_of(TraceOp op);

// The body of a function that computes a trace of x, in lines; the learnt parameter is called so.
std::vector<std::string> pytorch_lines(const Trace& trace, const std::string& parameter);

}  // namespace reluscope
