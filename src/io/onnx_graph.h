// The parts of an ONNX model (onnx/onnx.proto of the ONNX project, IR version 8, operator set 17):
// nodes that compute named values from others, and constants.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/tensor.h"
#include "io/protobuf.h"
#include "nn/layer_writers.h"

namespace reluscope {

class OnnxGraph {
 public:
  // A constant of this name; the name, which is also that of the value.
  std::string floats(const std::string& name, const Shape& shape, std::span<const float> values);
  std::string integers(const std::string& name, const std::vector<std::int64_t>& values);
  std::string scalar(double value);  // each value once

  // A node that gives one value, named like it; the name.
  std::string node(const char* op, const std::vector<std::string>& inputs,
                   const std::string& output, const OnnxAttributes& attributes = {});

  // Tensors of floats whose first size, the number of samples, is left open.
  void set_input(const std::string& name, const Shape& sample);
  void set_output(const std::string& name, const Shape& sample);

  // The whole file's bytes.
  Bytes model(const std::vector<std::pair<std::string, std::string>>& metadata) const;

 private:
  void add_constant(const std::string& name, const Shape& shape, int type, const Bytes& data);

  ProtoMessage nodes_, constants_, ends_;
  std::vector<std::string> scalars_;
};

}  // namespace reluscope
