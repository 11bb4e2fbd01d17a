// A network as an ONNX model (onnx/onnx.proto of the ONNX project, IR version 8, operator set 17).
#include <algorithm>

#include "core/text.h"
#include "io/json_text.h"
#include "io/protobuf.h"
#include "io/saved_network.h"
#include "nn/trace.h"

namespace reluscope {
namespace {

constexpr int kIrVersion = 8, kOperatorSet = 17;

// Fields, by their messages in onnx.proto.
struct ModelProto {
  static constexpr int kIrVersion = 1, kProducerName = 2, kGraph = 7, kOpsetImport = 8,
                       kMetadata = 14;
};
struct GraphProto {
  static constexpr int kNode = 1, kName = 2, kInitializer = 5, kInput = 11, kOutput = 12;
};
struct NodeProto {
  static constexpr int kInput = 1, kOutput = 2, kName = 3, kOpType = 4, kAttribute = 5;
};
struct AttributeProto {
  static constexpr int kName = 1, kReal = 2, kNumber = 3, kNumbers = 8, kType = 20;
  static constexpr int kTypes[] = {1, 2, 7};  // of real, number and numbers
};
struct TensorProto {
  static constexpr int kDims = 1, kDataType = 2, kName = 8, kRawData = 9;
  static constexpr int kFloat = 1, kInt64 = 7;
};

ProtoMessage attribute_message(const OnnxAttribute& attribute) {
  ProtoMessage message;
  message.text(AttributeProto::kName, attribute.name);
  if (const auto* const real = std::get_if<double>(&attribute.value)) {
    message.real(AttributeProto::kReal, static_cast<float>(*real));
  } else if (const auto* const number = std::get_if<std::int64_t>(&attribute.value)) {
    message.number(AttributeProto::kNumber, *number);
  } else {
    for (const std::int64_t n : std::get<OnnxNumbers>(attribute.value)) {
      message.number(AttributeProto::kNumbers, n);
    }
  }
  return message.number(AttributeProto::kType, AttributeProto::kTypes[attribute.value.index()]);
}

// A ValueInfoProto.
ProtoMessage value_message(const std::string& name, const Shape& sample) {
  constexpr int kDim = 1, kDimValue = 1, kDimParam = 2;
  ProtoMessage shape;
  shape.message(kDim, ProtoMessage().text(kDimParam, "N"));
  for (const std::int64_t size : sample) {
    shape.message(kDim, ProtoMessage().number(kDimValue, size));
  }
  constexpr int kElementType = 1, kShape = 2, kTensorType = 1, kName = 1, kType = 2;
  ProtoMessage tensor;
  tensor.number(kElementType, TensorProto::kFloat).message(kShape, shape);
  ProtoMessage type, value;
  type.message(kTensorType, tensor);
  return value.text(kName, name).message(kType, type);
}

// Walks through the layers and collects nodes, which compute named values from others, and
// constants.
class OnnxModel final : public OnnxWriter {
 public:
  explicit OnnxModel(const SavedNetwork& network) : network_(network) { shape_ = network.input; }

  Bytes write() {
    ends_.message(GraphProto::kInput, value_message("image", network_.input));
    const std::string by = scalar(1.0 / (255.0 * network_.std));
    const std::string shift = scalar(-network_.mean / network_.std);
    value_ = add_node("Mul", {"image", by}, "scaled");
    value_ = add_node("Add", {value_, shift}, "normalised");
    const Model& model = network_.model;
    for (int l = 0; l < model.layer_count(); ++l) {
      name_ = model.layer_name(l);
      model.layer(l).write(*this);
      shape_ = model.layer(l).out_shape();
      outputs_.push_back(value_);
    }
    add_node("Flatten", {value_}, "logits", {{"axis", 1}});
    const auto classes = static_cast<std::int64_t>(network_.classes.size());
    ends_.message(GraphProto::kOutput, value_message("logits", {classes}));
    // Messages that are written one after the other are one message.
    Bytes graph = nodes_.bytes();
    const Bytes name = ProtoMessage().text(GraphProto::kName, "reluscope").bytes();
    for (const Bytes* part : {&name, &constants_.bytes(), &ends_.bytes()}) {
      graph.insert(graph.end(), part->begin(), part->end());
    }
    ProtoMessage file;
    file.number(ModelProto::kIrVersion, kIrVersion).text(ModelProto::kProducerName, "reluscope");
    file.data(ModelProto::kGraph, graph);
    constexpr int kDomain = 1, kVersion = 2, kKey = 1, kValue = 2;
    file.message(ModelProto::kOpsetImport,
                 ProtoMessage().text(kDomain, "").number(kVersion, kOperatorSet));
    const auto add = [&file](const char* key, const std::string& value) {
      file.message(ModelProto::kMetadata, ProtoMessage().text(kKey, key).text(kValue, value));
    };
    add("classes", json_line(network_.classes));
    add("model", network_.architecture);
    return file.bytes();
  }

  const std::string& value() const override { return value_; }
  const std::string& output(int layer) const override { return outputs_[layer]; }
  void add(const char* op, const std::vector<std::string>& inputs,
           const OnnxAttributes& attributes = {}) override {
    value_ = add_node(op, inputs, name_, attributes);
  }
  std::string node(const char* op, const std::vector<std::string>& inputs,
                   const std::string& suffix, const OnnxAttributes& attributes = {}) override {
    return add_node(op, inputs, name_ + "." + suffix, attributes);
  }
  std::string tensor(const std::string& last, const Shape& shape = {}) override {
    const auto found =
        std::find_if(network_.tensors.begin(), network_.tensors.end(),
                     [&](const NamedTensor& each) { return each.name == name_ + "." + last; });
    return floats(last, shape.empty() ? found->shape : shape, found->values);
  }
  std::string scalar(double value) override {  // each value once
    std::string name = "constant " + number_text(value);
    if (std::find(scalars_.begin(), scalars_.end(), name) != scalars_.end()) return name;
    scalars_.push_back(name);
    const float stored = static_cast<float>(value);
    Bytes data;
    append_floats(data, {&stored, 1});
    return add_constant(name, {}, TensorProto::kFloat, data);
  }
  std::string floats(const std::string& suffix, const Shape& shape,
                     std::span<const float> values) override {
    Bytes data;
    append_floats(data, values);
    return add_constant(name_ + "." + suffix, shape, TensorProto::kFloat, data);
  }
  std::string integers(const std::string& suffix, const OnnxNumbers& values) override {
    Bytes data;
    for (const std::int64_t value : values)
      append_number(data, static_cast<std::uint64_t>(value), 8);
    const auto size = static_cast<std::int64_t>(values.size());
    return add_constant(name_ + "." + suffix, {size}, TensorProto::kInt64, data);
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
      attributes.push_back({parts[i].substr(0, equals), values[at - info.parameters.begin()]});
    }
    std::vector<std::string> inputs = {value_};
    if (learnt > 0) inputs.push_back(parameter);
    add(parts.front().c_str(), inputs, attributes);
  }

 private:
  // A constant of this name; the name, which is also that of the value.
  std::string add_constant(const std::string& name, const Shape& shape, int type,
                           const Bytes& data) {
    ProtoMessage tensor;
    for (const std::int64_t size : shape) tensor.number(TensorProto::kDims, size);
    tensor.number(TensorProto::kDataType, type).text(TensorProto::kName, name);
    tensor.data(TensorProto::kRawData, data);
    constants_.message(GraphProto::kInitializer, tensor);
    return name;
  }

  // A node that gives one value, named like it; the name.
  std::string add_node(const char* op, const std::vector<std::string>& inputs,
                       const std::string& output, const OnnxAttributes& attributes = {}) {
    ProtoMessage node;
    for (const std::string& input : inputs) node.text(NodeProto::kInput, input);
    node.text(NodeProto::kOutput, output).text(NodeProto::kName, output);
    node.text(NodeProto::kOpType, op);
    for (const OnnxAttribute& attribute : attributes) {
      node.message(NodeProto::kAttribute, attribute_message(attribute));
    }
    nodes_.message(GraphProto::kNode, node);
    return output;
  }

  // An activation by its elementary operations.
  void composed(const Trace& trace, const std::string& parameter) {
    std::vector<std::string> values;
    for (std::size_t n = 0; n < trace.nodes.size(); ++n) {
      const bool last = static_cast<int>(n) == trace.result;
      const std::string name = last ? name_ : joined(name_, ".", n);
      values.push_back(operation(trace.nodes[n], values, parameter, name));
    }
    value_ = values[trace.result];
  }

  // before: the values of the nodes before this one.
  std::string operation(const TraceNode& node, const std::vector<std::string>& before,
                        const std::string& parameter, const std::string& name) {
    std::vector<std::string> inputs;
    for (const int operand : {node.a, node.b, node.c}) {
      if (operand >= 0) inputs.push_back(before[operand]);
    }
    if (node.op == TraceOp::kInput) return value_;
    if (node.op == TraceOp::kParameter) return parameter;
    if (node.op == TraceOp::kConstant) return scalar(node.constant);
    if (node.op == TraceOp::kExpm1) {
      return add_node("Sub", {add_node("Exp", inputs, name + ".exp"), scalar(1.0)}, name);
    }
    if (node.op == TraceOp::kLog1p) {
      return add_node("Log", {add_node("Add", {inputs[0], scalar(1.0)}, name + ".sum")}, name);
    }
    return add_node(texts_of(node.op).onnx, inputs, name);
  }

  const SavedNetwork& network_;
  ProtoMessage nodes_, constants_, ends_;
  std::string value_;                 // before the present layer, and behind it once it is written
  std::vector<std::string> outputs_;  // of the layers so far
  std::vector<std::string> scalars_;
};

}  // namespace

Bytes write_onnx(const SavedNetwork& network) { return OnnxModel(network).write(); }

}  // namespace reluscope
