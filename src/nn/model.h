// A network: its layers, one buffer for all parameters, one for their gradients, and the
// activation arena. The constructor allocates all memory; a step allocates none.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nn/init.h"
#include "nn/layer.h"

namespace reluscope {

struct ModelOptions {
  std::string architecture;  // "dense 512 | relu | dense 10"
  Shape input;               // of one sample, (C, H, W)
  int classes = 10;
  std::string init = "he_normal";
  std::uint64_t seed = 1;
  int train_rows = 64;       // largest batch of forward + backward
  int evaluate_rows = 1000;  // largest batch of forward alone
  double init_value = 0.01;  // every weight, with init "constant"
};

// Which layers' outputs exist after forward(): all, or only those that forward(), backward() and
// the reader of the logits need. A device then does not write the inputs of fused activations.
enum class Outputs { kAll, kNeeded };

class Model {
 public:
  struct Parameter {
    std::string name;  // in the state_dict: "fc1.weight"
    ParameterSpec spec;
    std::size_t offset;  // into parameters() and gradients(), or into state(), in floats
  };

  // Throws Error for an architecture that cannot be built or an unknown init scheme.
  Model(const ModelOptions& options, Backend& backend);

  const std::vector<std::unique_ptr<Layer>>& layers() const { return layers_; }
  const Layer& layer(int l) const { return *layers_[static_cast<std::size_t>(l)]; }
  const std::string& layer_name(int l) const { return part(l).name; }  // "fc1", "act1"
  int layer_count() const { return static_cast<int>(layers_.size()); }
  bool takes_offset() const { return layers_.front()->takes_offset(); }

  // logits (N, classes) of x (N, features). The view is valid until the next forward. step: the
  // number of the training step, part of the key of random draws.
  ConstMatrixView forward(Mode mode, const Signal& x, std::uint32_t step = 0,
                          Outputs outputs = Outputs::kAll);
  // To be filled with dL/dlogits of the last forward before backward().
  MatrixView logits_gradient() { return gradient_of(layer_count() - 1); }
  // From now on these units (channels) of an activation layer output 0 in evaluation; none: all
  // work.
  void silence(int layer, std::vector<int> units);
  // Fills gradients() for the last forward, whose input must still exist.
  void backward() { backward_and_update({.gradient = gradient_buffer_.data()}); }
  // The same, but updates each parameter as soon as its gradient is known, with the same bits, and
  // does not fill gradients().
  void backward_and_update(const ParameterUpdate& all);

  // Output of a layer in the last forward: (N, features), or (N * H * W, C) for images.
  ConstMatrixView output(int layer) const {
    return {part(layer).output.data(), layout_of(layer, rows_)};
  }
  // One sample of that output, in PyTorch's order.
  std::vector<float> sample_output(int layer, int sample) const;
  // Input of a layer in the last forward; data is null if the input was sparse lists.
  ConstMatrixView input(int layer) const { return layer == 0 ? input_.values : output(layer - 1); }
  int samples() const { return rows_; }  // of the last forward
  // dL/d output of a layer, in the layout of the output, from the last backward(). Not kept for
  // activations that were fused into the layer after them.
  ConstMatrixView output_gradient(int layer) const {
    return {part(layer).output_gradient.data(), layout_of(layer, rows_)};
  }
  // Of an activation layer, in the registry's order; of a parameter per channel, its mean.
  std::vector<double> activation_parameters(int layer) const;

  const std::vector<Parameter>& parameter_list() const { return parameters_; }  // state_dict order
  std::vector<HiddenMatrix> hidden_matrices() const;  // all weights but the last layer's
  std::int64_t parameter_count() const;               // padding not counted
  std::span<float> parameters() { return {parameter_buffer_.data(), parameter_buffer_.size()}; }
  std::span<const float> parameters() const {
    return {parameter_buffer_.data(), parameter_buffer_.size()};
  }
  std::span<float> gradients() { return {gradient_buffer_.data(), gradient_buffer_.size()}; }
  std::span<const float> gradients() const {
    return {gradient_buffer_.data(), gradient_buffer_.size()};
  }

  // Values of the state_dict that are not learnt (running statistics), in the same form.
  const std::vector<Parameter>& state_list() const { return states_; }
  std::span<float> state() { return {state_buffer_.data(), state_buffer_.size()}; }
  std::span<const float> state() const { return {state_buffer_.data(), state_buffer_.size()}; }
  int least_samples() const;  // per training batch

  // Copies one parameter's elements, in PyTorch's shape and order, from or to a buffer with the
  // layout of parameters(): weights, gradients, or an optimizer's moments.
  static std::vector<float> gather(const Parameter& parameter, std::span<const float> buffer);
  static void scatter(const Parameter& parameter, std::span<const float> values,
                      std::span<float> buffer);
  // Must be called after any other code writes to parameters().
  void parameters_changed();

  // Sizes of all buffers, by purpose.
  std::vector<std::pair<std::string, std::size_t>> memory_bytes() const;

 private:
  // The data of one layer.
  struct Part {
    std::string name;
    LayerSlices slices = {};
    Buffer output = {};           // for the largest batch
    Buffer output_gradient = {};  // for train_rows
    // Fusion: whether forward also applies the next activation, and backward the previous one.
    bool fuses_next = false, fuses_previous = false;
    bool is_skipped_from = false;  // whether a residual block begins after it
  };

  Part& part(int layer) { return parts_[static_cast<std::size_t>(layer)]; }
  const Part& part(int layer) const { return parts_[static_cast<std::size_t>(layer)]; }
  // Of a layer's output.
  Layout layout_of(int layer, int rows) const {
    const Shape& shape = this->layer(layer).out_shape();
    return images_ && shape.size() == 3 ? image_layout(shape, rows) : feature_layout(shape, rows);
  }
  MatrixView gradient_of(int layer) {
    return {part(layer).output_gradient.data(), layout_of(layer, rows_)};
  }
  void decide_fusion();
  void add_skip_gradients(int layer, MatrixView gradient);
  // Whether the last forward had to write its output.
  bool keeps_output(int layer) const;
  // What a layer's dL/dx is computed from: its input, or its output, if it is a fused activation
  // whose input was not kept and whose slope follows from the output.
  ConstMatrixView slope_source(int layer) const {
    return output(keeps_output(layer - 1) ? layer - 1 : layer);
  }
  StepContext context_of(int layer) const {
    return {mode_, seed_, step_, static_cast<std::uint32_t>(layer)};
  }
  void write_silence();

  Backend& backend_;
  std::vector<std::unique_ptr<Layer>> layers_;
  std::vector<Part> parts_;  // one per layer
  Shape input_shape_;
  bool images_;  // whether images are stored with one row per pixel
  std::vector<Parameter> parameters_, states_;
  Buffer parameter_buffer_, gradient_buffer_, state_buffer_;
  Buffer input_image_;  // the input as images, for the largest batch
  Buffer scratch_, cache_;
  std::size_t workspace_floats_ = 0;
  std::uint64_t seed_;
  int silent_layer_ = -1;
  std::vector<int> silent_units_;  // of silent_layer_
  // Of the last forward:
  Signal input_;
  int rows_ = 0;
  Mode mode_ = Mode::kTrain;
  Outputs outputs_wanted_ = Outputs::kAll;
  std::uint32_t step_ = 0;
};

}  // namespace reluscope
