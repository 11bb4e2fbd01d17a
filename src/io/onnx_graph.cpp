#include "io/onnx_graph.h"

#include <algorithm>

#include "core/text.h"

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
  static constexpr int kTypeReal = 1, kTypeNumber = 2, kTypeNumbers = 7;
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
    return message.number(AttributeProto::kType, AttributeProto::kTypeReal);
  }
  if (const auto* const number = std::get_if<std::int64_t>(&attribute.value)) {
    message.number(AttributeProto::kNumber, *number);
    return message.number(AttributeProto::kType, AttributeProto::kTypeNumber);
  }
  for (const std::int64_t n : std::get<OnnxNumbers>(attribute.value)) {
    message.number(AttributeProto::kNumbers, n);
  }
  return message.number(AttributeProto::kType, AttributeProto::kTypeNumbers);
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

}  // namespace

void OnnxGraph::add_constant(const std::string& name, const Shape& shape, int type,
                             const Bytes& data) {
  ProtoMessage tensor;
  for (const std::int64_t size : shape) tensor.number(TensorProto::kDims, size);
  tensor.number(TensorProto::kDataType, type).text(TensorProto::kName, name);
  tensor.data(TensorProto::kRawData, data);
  constants_.message(GraphProto::kInitializer, tensor);
}

std::string OnnxGraph::floats(const std::string& name, const Shape& shape,
                              std::span<const float> values) {
  Bytes data;
  append_floats(data, values);
  add_constant(name, shape, TensorProto::kFloat, data);
  return name;
}

std::string OnnxGraph::integers(const std::string& name, const std::vector<std::int64_t>& values) {
  Bytes data;
  for (const std::int64_t value : values) append_number(data, static_cast<std::uint64_t>(value), 8);
  add_constant(name, {static_cast<std::int64_t>(values.size())}, TensorProto::kInt64, data);
  return name;
}

std::string OnnxGraph::scalar(double value) {
  std::string name = "constant " + number_text(value);
  if (std::find(scalars_.begin(), scalars_.end(), name) != scalars_.end()) return name;
  scalars_.push_back(name);
  const float stored = static_cast<float>(value);
  return floats(name, {}, {&stored, 1});
}

std::string OnnxGraph::node(const char* op, const std::vector<std::string>& inputs,
                            const std::string& output, const OnnxAttributes& attributes) {
  ProtoMessage node;
  for (const std::string& input : inputs) node.text(NodeProto::kInput, input);
  node.text(NodeProto::kOutput, output).text(NodeProto::kName, output).text(NodeProto::kOpType, op);
  for (const OnnxAttribute& attribute : attributes) {
    node.message(NodeProto::kAttribute, attribute_message(attribute));
  }
  nodes_.message(GraphProto::kNode, node);
  return output;
}

void OnnxGraph::set_input(const std::string& name, const Shape& sample) {
  ends_.message(GraphProto::kInput, value_message(name, sample));
}
void OnnxGraph::set_output(const std::string& name, const Shape& sample) {
  ends_.message(GraphProto::kOutput, value_message(name, sample));
}

Bytes OnnxGraph::model(const std::vector<std::pair<std::string, std::string>>& metadata) const {
  // Messages that are written one after the other are one message.
  Bytes graph = nodes_.bytes();
  const Bytes name = ProtoMessage().text(GraphProto::kName, "reluscope").bytes();
  for (const Bytes* part : {&name, &constants_.bytes(), &ends_.bytes()}) {
    graph.insert(graph.end(), part->begin(), part->end());
  }
  ProtoMessage model;
  model.number(ModelProto::kIrVersion, kIrVersion).text(ModelProto::kProducerName, "reluscope");
  model.data(ModelProto::kGraph, graph);
  constexpr int kDomain = 1, kVersion = 2, kKey = 1, kValue = 2;
  model.message(ModelProto::kOpsetImport,
                ProtoMessage().text(kDomain, "").number(kVersion, kOperatorSet));
  for (const auto& [key, value] : metadata) {
    model.message(ModelProto::kMetadata, ProtoMessage().text(kKey, key).text(kValue, value));
  }
  return model.bytes();
}

}  // namespace reluscope
