// The interfaces with which a layer writes itself as part of a PyTorch program or an ONNX model.
// The writers are in src/io, which visits the layers in order.
#pragma once

#include <span>
#include <string>
#include <variant>
#include <vector>

#include "core/tensor.h"
#include "nn/activation.h"

namespace reluscope {

class LayerWriter {
 public:
  virtual ~LayerWriter() = default;
  const std::string& name() const { return name_; }  // of the current layer: "fc1"
  const Shape& shape() const { return shape_; }      // of a sample, before the current layer
  // values: one for each parameter of the registry's entry. learnt: the size of the learnt
  // parameter, 1 or the number of channels; 0 if the entry learns none.
  virtual void activation(ActivationId id, std::span<const double> values, int learnt) = 0;

 protected:
  std::string name_;
  Shape shape_;
};

class PytorchWriter : public LayerWriter {
 public:
  // The layer is a module of torch.nn: "Linear(784, 10)".
  virtual void module(const std::string& constructor) = 0;
  virtual void step(const std::string& line) = 0;  // a line of forward, which changes x
};

struct OnnxAttribute {
  std::string name;
  std::variant<double, std::int64_t, std::vector<std::int64_t>> value;
};
using OnnxAttributes = std::vector<OnnxAttribute>;
using OnnxNumbers = std::vector<std::int64_t>;

class OnnxWriter : public LayerWriter {
 public:
  virtual const std::string& value() const = 0;            // the layer's input
  virtual const std::string& output(int layer) const = 0;  // of an earlier layer
  // The layer's result, a node of operator set 17.
  virtual void add(const char* op, const std::vector<std::string>& inputs,
                   const OnnxAttributes& attributes = {}) = 0;
  // An intermediate value, named after the layer, with the suffix.
  virtual std::string node(const char* op, const std::vector<std::string>& inputs,
                           const std::string& suffix, const OnnxAttributes& attributes = {}) = 0;
  // Constants: the layer's tensor of this name, reshaped if a shape is given, and others.
  virtual std::string tensor(const std::string& last, const Shape& shape = {}) = 0;
  virtual std::string scalar(double value) = 0;
  virtual std::string floats(const std::string& suffix, const Shape& shape,
                             std::span<const float> values) = 0;
  virtual std::string integers(const std::string& suffix, const OnnxNumbers& values) = 0;
};

}  // namespace reluscope
