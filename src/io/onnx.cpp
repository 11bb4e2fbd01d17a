#include "io/onnx.h"

#include <algorithm>

#include "core/text.h"
#include "io/json_text.h"
#include "io/onnx_graph.h"
#include "nn/trace.h"

namespace reluscope {
namespace {

// The operator for an operation that has one.
const char* op_name(TraceOp op) {
  switch (op) {
    case TraceOp::kAdd: return "Add";
    case TraceOp::kSubtract: return "Sub";
    case TraceOp::kMultiply: return "Mul";
    case TraceOp::kDivide: return "Div";
    case TraceOp::kNegate: return "Neg";
    case TraceOp::kSquareRoot: return "Sqrt";
    case TraceOp::kExp: return "Exp";
    case TraceOp::kLog: return "Log";
    case TraceOp::kSigmoid: return "Sigmoid";
    case TraceOp::kTanh: return "Tanh";
    case TraceOp::kErf: return "Erf";
    case TraceOp::kLess: return "Less";
    case TraceOp::kGreater: return "Greater";
    case TraceOp::kSelect: return "Where";
    case TraceOp::kExpm1:
    case TraceOp::kLog1p:
    case TraceOp::kInput:
    case TraceOp::kParameter:
    case TraceOp::kConstant: break;
  }
  return "";
}

// Walks through the layers; value_ is what the last one gave.
class OnnxWriter final : public LayerVisitor {
 public:
  explicit OnnxWriter(const SavedNetwork& network) : network_(network), shape_(network.input) {
    graph_.set_input("image", network.input);
    const std::string scale = graph_.scalar(1.0 / (255.0 * network.std));
    const std::string shift = graph_.scalar(-network.mean / network.std);
    value_ = graph_.node("Mul", {"image", scale}, "scaled");
    value_ = graph_.node("Add", {value_, shift}, "normalised");
  }

  Bytes write() {
    const Model& model = network_.model;
    for (int l = 0; l < model.layer_count(); ++l) {
      name_ = model.layer_name(l);
      layer_ = model.layers()[static_cast<std::size_t>(l)].get();
      layer_->accept(*this);
      shape_ = layer_->out_shape();
      outputs_.push_back(value_);
    }
    const auto classes = static_cast<std::int64_t>(network_.classes.size());
    graph_.node("Flatten", {value_}, "logits", {onnx_number("axis", 1)});
    graph_.set_output("logits", {classes});
    return graph_.model(
        {{"classes", json_line(network_.classes)}, {"model", network_.architecture}});
  }

  void dense(int, int) override {
    // Where no layer wants images, nothing has made rows of features of them.
    if (shape_.size() > 1) {
      value_ = graph_.node("Flatten", {value_}, name_ + ".flat", {onnx_number("axis", 1)});
    }
    add("Gemm", {value_, tensor("weight"), tensor("bias")}, {onnx_number("transB", 1)});
  }
  void conv(const Window& window, int, int) override {
    const std::int64_t pad = window.padding;
    std::vector<OnnxAttribute> attributes = window_attributes(window);
    attributes.push_back(onnx_numbers("pads", {pad, pad, pad, pad}));
    add("Conv", {value_, tensor("weight"), tensor("bias")}, attributes);
  }
  void pool(Pooling kind, const Window& window, bool global) override {
    if (global) {
      add("GlobalAveragePool", {value_});
    } else {
      add(kind == Pooling::kMax ? "MaxPool" : "AveragePool", {value_}, window_attributes(window));
    }
  }
  void batch_norm(int, double epsilon) override {
    add("BatchNormalization",
        {value_, tensor("weight"), tensor("bias"), tensor("running_mean"), tensor("running_var")},
        {onnx_real("epsilon", epsilon)});
  }
  void layer_norm(const Shape&, double epsilon) override {
    add("LayerNormalization", {value_, tensor("weight"), tensor("bias")},
        {onnx_number("axis", 1), onnx_real("epsilon", epsilon)});
  }
  void maxout(int pieces) override {
    std::vector<std::int64_t> sizes = {-1, shape_.front() / pieces, pieces};
    sizes.insert(sizes.end(), shape_.begin() + 1, shape_.end());
    const std::string groups = graph_.node(
        "Reshape", {value_, graph_.integers(name_ + ".sizes", sizes)}, name_ + ".pieces");
    add("ReduceMax", {groups}, {onnx_numbers("axes", {2}), onnx_number("keepdims", 0)});
  }
  void dropout(double probability) override {  // does nothing but in training
    add("Dropout", {value_, graph_.scalar(probability)});
  }
  void flatten() override { add("Flatten", {value_}, {onnx_number("axis", 1)}); }
  void residual(int from) override {
    add("Add", {outputs_[static_cast<std::size_t>(from)], value_});
  }
  void activation(ActivationId id, std::span<const double> values, int learnt) override {
    const ActivationInfo& info = activation_info(id);
    std::string parameter;
    if (learnt > 0) {
      // One a channel stands before the sizes of its plane.
      Shape sizes = {learnt};
      if (learnt > 1) sizes.resize(shape_.size(), 1);
      parameter = tensor(info.parameters.front().name, sizes);
    }
    if (*info.onnx == '\0') {
      composed(trace_activation(id, values), parameter);
      return;
    }
    const std::vector<std::string> parts = words(info.onnx);
    std::vector<OnnxAttribute> attributes;
    for (std::size_t i = 1; i < parts.size(); ++i) {
      const std::size_t equals = parts[i].find('=');
      const std::string named = parts[i].substr(equals + 1);
      const auto at = std::find_if(info.parameters.begin(), info.parameters.end(),
                                   [&](const ActivationParameter& p) { return named == p.name; });
      attributes.push_back(
          onnx_real(parts[i].substr(0, equals),
                    values[static_cast<std::size_t>(at - info.parameters.begin())]));
    }
    std::vector<std::string> inputs = {value_};
    if (learnt > 0) inputs.push_back(parameter);
    add(parts.front().c_str(), inputs, attributes);
  }

 private:
  void add(const char* op, const std::vector<std::string>& inputs,
           const std::vector<OnnxAttribute>& attributes = {}) {
    value_ = graph_.node(op, inputs, name_, attributes);
  }

  static std::vector<OnnxAttribute> window_attributes(const Window& window) {
    return {onnx_numbers("kernel_shape", {window.kernel_height, window.kernel_width}),
            onnx_numbers("strides", {window.stride, window.stride})};
  }

  // The layer's tensor of this name as a constant, of another shape if one is given.
  std::string tensor(const std::string& last, const Shape& shape = {}) {
    const std::string name = name_ + "." + last;
    const auto found = std::find_if(network_.tensors.begin(), network_.tensors.end(),
                                    [&name](const NamedTensor& t) { return t.name == name; });
    return graph_.floats(name, shape.empty() ? found->shape : shape, found->values);
  }

  // An activation by its elementary operations.
  void composed(const Trace& trace, const std::string& parameter) {
    std::vector<std::string> values;
    for (std::size_t n = 0; n < trace.nodes.size(); ++n) {
      const bool last = static_cast<int>(n) == trace.result;
      const std::string name = last ? name_ : name_ + "." + std::to_string(n);
      values.push_back(operation(trace.nodes[n], values, parameter, name));
    }
    value_ = values[static_cast<std::size_t>(trace.result)];
  }

  // before: the values of the nodes before this one.
  std::string operation(const TraceNode& node, const std::vector<std::string>& before,
                        const std::string& parameter, const std::string& name) {
    std::vector<std::string> inputs;
    for (const int operand : {node.a, node.b, node.c}) {
      if (operand >= 0) inputs.push_back(before[static_cast<std::size_t>(operand)]);
    }
    if (node.op == TraceOp::kInput) return value_;
    if (node.op == TraceOp::kParameter) return parameter;
    if (node.op == TraceOp::kConstant) return graph_.scalar(node.constant);
    if (node.op == TraceOp::kExpm1) {
      return graph_.node("Sub", {graph_.node("Exp", inputs, name + ".exp"), graph_.scalar(1.0)},
                         name);
    }
    if (node.op == TraceOp::kLog1p) {
      return graph_.node(
          "Log", {graph_.node("Add", {inputs[0], graph_.scalar(1.0)}, name + ".sum")}, name);
    }
    return graph_.node(op_name(node.op), inputs, name);
  }

  const SavedNetwork& network_;
  OnnxGraph graph_;
  Shape shape_;        // of a sample, before the present layer
  std::string value_;  // before the present layer, and behind it once it is written
  std::string name_;
  const Layer* layer_ = nullptr;
  std::vector<std::string> outputs_;  // of the layers so far
};

}  // namespace

std::vector<std::uint8_t> write_onnx(const SavedNetwork& network) {
  return OnnxWriter(network).write();
}

}  // namespace reluscope
