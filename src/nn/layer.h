// The interface of a layer. A layer owns no memory: the model passes it slices of the parameter
// buffer, the gradient buffer and the activation arena.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "backend/backend.h"
#include "core/tensor.h"
#include "nn/layer_writers.h"

namespace reluscope {

enum class Mode { kTrain, kEvaluate };

// The mode and the key of random draws: all of these together determine a layer's draws.
struct StepContext {
  Mode mode;
  std::uint64_t seed;
  std::uint32_t step;   // optimizer steps begun before this one
  std::uint32_t layer;  // its place in the model, from 0
};

// Initial values of a parameter. Weights and biases follow the init scheme; others are constant.
enum class ParameterRole { kWeight, kBias, kConstant };

struct ParameterSpec {
  std::string name;         // the last part of the state_dict name: "weight"
  Shape shape = {};         // PyTorch's
  Layout layout;            // as stored
  bool transposed = false;  // stored (row, col) is element (col, row) of shape
  ParameterRole role = ParameterRole::kConstant;
  double constant = 0.0;                 // for kConstant
  std::int64_t fan_in = 1, fan_out = 1;  // for the others
  // Of a convolution, R * S: stored row t * C + c is element (c, t) of shape's (C, R, S).
  int taps = 1;
  bool whole = false;  // whole numbers: an int64 in a state_dict
};

// Layouts of a batch of `rows` samples of a shape: images (C, H, W) with one row per pixel, if the
// network needs images, or one row of features per sample.
inline Layout image_layout(const Shape& shape, int rows) {
  return {rows * static_cast<int>(shape[1] * shape[2]), static_cast<int>(shape[0])};
}
inline Layout feature_layout(const Shape& shape, int rows) {
  return {rows, static_cast<int>(element_count(shape))};
}
// Floats that suffice for both layouts.
inline std::size_t largest_size(const Shape& shape, int rows) {
  const std::size_t features = feature_layout(shape, rows).size();
  return shape.size() < 3 ? features : std::max(features, image_layout(shape, rows).size());
}

struct LayerSlices {
  std::vector<float*> parameters = {};  // in the order of Layer::parameters()
  std::vector<float*> gradients = {};   // same order; overwritten by backward, unless it is fused
  std::vector<ParameterUpdate> updates = {};  // same order: how each gradient is used
  float* scratch = nullptr;        // Layer::scratch_floats() of them, shared with other layers
  float* cache = nullptr;          // Layer::cache_floats() of them, its own
  bool cache_valid = false;        // set by the layer, reset when parameters change
  std::vector<float*> state = {};  // in the order of Layer::state()
  const float* skip = nullptr;     // the output that Layer::skip_from() names
};

// The arguments of Layer::forward() and backward(). x (N, in); y (N, out): every column is written.
struct LayerPass {
  Backend& backend;
  StepContext context;
  LayerSlices& slices;
  Signal x;
};
struct ForwardPass : LayerPass {
  MatrixView y;
  ActivationAfter after = {};
};

// dy = dL/dy; dx = dL/dx is wanted unless its data is null. Padding columns of dy are zero, and
// those of dx must be zero.
struct BackwardPass : LayerPass {
  ConstMatrixView dy;
  MatrixView dx;
  ActivationBefore before = {};
};

class Layer {
 public:
  Layer(std::string kind, std::string stem, std::string text, Shape out_shape)
      : out_shape_(std::move(out_shape)),
        kind_(std::move(kind)),
        stem_(std::move(stem)),
        text_(std::move(text)) {}
  virtual ~Layer() = default;

  const std::string& kind() const { return kind_; }  // "dense", "activation"
  const std::string& stem() const { return stem_; }  // of state_dict names, before the number: "fc"
  const std::string& text() const { return text_; }  // as in an architecture text: "dense 512"
  const Shape& out_shape() const { return out_shape_; }  // of one sample
  virtual std::vector<ParameterSpec> parameters() const { return {}; }
  // Values of the state_dict that are not learnt, such as running statistics.
  virtual std::vector<ParameterSpec> state() const { return {}; }
  virtual std::int64_t multiply_adds() const { return 0; }  // of one sample, forward
  virtual std::size_t scratch_floats(int /*rows*/) const { return 0; }
  virtual std::size_t cache_floats() const { return 0; }
  virtual std::size_t workspace_floats() const { return 0; }  // see Backend::reserve()
  // Whether its input must be images with one row per pixel (see Backend::flatten()). A network
  // with such a layer stores all its images in this way.
  virtual bool needs_image() const { return false; }
  virtual int least_samples() const { return 1; }  // per training batch
  // Index of the layer whose output it adds to its input, or -1.
  virtual int skip_from() const { return -1; }
  virtual ActivationId activation() const { return -1; }  // of an activation layer, else -1
  virtual bool takes_offset() const { return false; }     // whether forward uses Signal::offset
  virtual double gain() const { return 0.0; }  // for the init of the layer before; 0: none

  // The parameters of activation(), among the slices or fixed.
  virtual const float* activation_parameters(const LayerSlices&) const { return nullptr; }
  // Whether forward and backward can also apply the neighbouring activations, if these are fusable
  // (the same for every element). The model decides which activations are fused.
  virtual bool fuses_activation() const { return false; }
  virtual bool is_fusable() const { return false; }

  virtual void forward(const ForwardPass& f) const = 0;
  // Computes dx and the parameters' gradients, which slices.updates stores or applies.
  virtual void backward(const BackwardPass& b) const = 0;

  // Writes the layer in the format of another program.
  virtual void write(PytorchWriter& to) const = 0;
  virtual void write(OnnxWriter& to) const = 0;

 protected:
  Shape out_shape_;

 private:
  std::string kind_, stem_, text_;
};

}  // namespace reluscope
