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
class OnnxModel final : public OnnxWriter {
 public:
  explicit OnnxModel(const SavedNetwork& network) : network_(network) {
    shape_ = network.input;
    graph_.set_input("image", network.input);
    const std::string by = graph_.scalar(1.0 / (255.0 * network.std));
    const std::string shift = graph_.scalar(-network.mean / network.std);
    value_ = graph_.node("Mul", {"image", by}, "scaled");
    value_ = graph_.node("Add", {value_, shift}, "normalised");
  }

  Bytes write() {
    const Model& model = network_.model;
    for (int l = 0; l < model.layer_count(); ++l) {
      name_ = model.layer_name(l);
      model.layer(l).write(*this);
      shape_ = model.layer(l).out_shape();
      outputs_.push_back(value_);
    }
    const auto classes = static_cast<std::int64_t>(network_.classes.size());
    graph_.node("Flatten", {value_}, "logits", {{"axis", 1}});
    graph_.set_output("logits", {classes});
    return graph_.model(
        {{"classes", json_line(network_.classes)}, {"model", network_.architecture}});
  }

  const std::string& value() const override { return value_; }
  const std::string& output(int layer) const override {
    return outputs_[static_cast<std::size_t>(layer)];
  }
  void add(const char* op, const std::vector<std::string>& inputs,
           const OnnxAttributes& attributes = {}) override {
    value_ = graph_.node(op, inputs, name_, attributes);
  }
  std::string node(const char* op, const std::vector<std::string>& inputs,
                   const std::string& suffix, const OnnxAttributes& attributes = {}) override {
    return graph_.node(op, inputs, name_ + "." + suffix, attributes);
  }
  std::string tensor(const std::string& last, const Shape& shape = {}) override {
    const std::string name = name_ + "." + last;
    const auto found = std::find_if(network_.tensors.begin(), network_.tensors.end(),
                                    [&name](const NamedTensor& t) { return t.name == name; });
    return graph_.floats(name, shape.empty() ? found->shape : shape, found->values);
  }
  std::string scalar(double value) override { return graph_.scalar(value); }
  std::string floats(const std::string& suffix, const Shape& shape,
                     std::span<const float> values) override {
    return graph_.floats(name_ + "." + suffix, shape, values);
  }
  std::string integers(const std::string& suffix, const OnnxNumbers& values) override {
    return graph_.integers(name_ + "." + suffix, values);
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
    OnnxAttributes attributes;
    for (std::size_t i = 1; i < parts.size(); ++i) {
      const std::size_t equals = parts[i].find('=');
      const std::string named = parts[i].substr(equals + 1);
      const auto at = std::find_if(info.parameters.begin(), info.parameters.end(),
                                   [&](const ActivationParameter& p) { return named == p.name; });
      attributes.push_back({parts[i].substr(0, equals),
                            values[static_cast<std::size_t>(at - info.parameters.begin())]});
    }
    std::vector<std::string> inputs = {value_};
    if (learnt > 0) inputs.push_back(parameter);
    add(parts.front().c_str(), inputs, attributes);
  }

 private:
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
  std::string value_;                 // before the present layer, and behind it once it is written
  std::vector<std::string> outputs_;  // of the layers so far
};

}  // namespace

std::vector<std::uint8_t> write_onnx(const SavedNetwork& network) {
  return OnnxModel(network).write();
}

}  // namespace reluscope
