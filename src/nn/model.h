// A network: its layers, one buffer for all parameters, one for their gradients, and the
// activation arena. Everything is allocated when it is built; nothing in a step.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nn/hidden_matrix.h"
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
  double init_value = 0.01;  // of every weight, with init "constant"
};

// Which layers' outputs there are after forward(): all, or those that it, backward() and the
// logits' reader need, which spares a device the products in front of activations.
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

  // logits (N, classes) of x (N, features). The view is good until the next forward. step: the
  // number of the training step, which random layers draw for.
  ConstMatrixView forward(Mode mode, const Signal& x, std::uint32_t step = 0,
                          Outputs outputs = Outputs::kAll);
  // Where dL/dlogits of the last forward goes, before backward().
  MatrixView logits_gradient();
  // From now on these units (channels) of an activation layer give 0 in evaluation mode; none: all
  // speak again.
  void silence(int layer, std::vector<int> units);
  // For the last forward, whose input must still be there: fills gradients().
  void backward();
  // The same, but applies an update, of all parameters(), to each of them while its gradient is at
  // hand. gradients() is then not filled; the weights get the same bits as if they had been.
  void backward_and_update(const ParameterUpdate& all);

  // Output of a layer in the last forward: (N, features), or of images (N * H * W, C).
  ConstMatrixView output(int layer) const;
  // One sample of it, in PyTorch's order.
  std::vector<float> sample_output(int layer, int sample) const;
  // What a layer read in the last forward; data is null if that came as lists.
  ConstMatrixView input(int layer) const { return layer == 0 ? input_.values : output(layer - 1); }
  int samples() const { return rows_; }  // of the last forward
  // dL/d output of a layer, laid out like it, from the last backward(). Not kept for activations
  // that the layer behind them has done.
  ConstMatrixView output_gradient(int layer) const;
  // The parameters of a layer that is an activation, in the registry's order: a learnt one that
  // differs by channel as its mean.
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

  // What layers keep beside the parameters (running statistics), in the same form.
  const std::vector<Parameter>& state_list() const { return states_; }
  std::span<float> state() { return {state_buffer_.data(), state_buffer_.size()}; }
  std::span<const float> state() const { return {state_buffer_.data(), state_buffer_.size()}; }
  int least_samples() const;  // that a batch must have in training

  // One parameter's elements in PyTorch's shape and order, out of or into a buffer laid out like
  // parameters(): the weights themselves, gradients, or an optimizer's moments.
  static std::vector<float> gather(const Parameter& parameter, std::span<const float> buffer);
  static void scatter(const Parameter& parameter, std::span<const float> values,
                      std::span<float> buffer);
  // To be called after writing to parameters() from outside.
  void parameters_changed();

  // All buffers, by purpose.
  std::vector<std::pair<std::string, std::size_t>> memory_bytes() const;

 private:
  // What belongs to a layer.
  struct Part {
    std::string name;
    Shape shape;  // of what it gives
    LayerSlices slices = {};
    Buffer output = {};           // for the largest batch
    Buffer output_gradient = {};  // for train_rows
    // Fusion: whether forward does the activation behind it as well, and backward the one in front.
    bool fuses_next = false, fuses_previous = false;
    bool is_skipped_from = false;  // whether a residual block begins behind it
  };

  Part& part(int layer) { return parts_[static_cast<std::size_t>(layer)]; }
  const Part& part(int layer) const { return parts_[static_cast<std::size_t>(layer)]; }
  // Of what a layer gives.
  Layout layout_of(int layer, int rows) const {
    const Shape& shape = part(layer).shape;
    return images_ && shape.size() == 3 ? image_layout(shape, rows) : feature_layout(shape, rows);
  }
  MatrixView gradient_of(int layer) {
    return {part(layer).output_gradient.data(), layout_of(layer, rows_)};
  }
  void add_parameters(std::vector<Parameter>& list, const std::vector<ParameterSpec>& specs,
                      std::size_t& floats) const;
  void decide_fusion();
  void add_skip_gradients(int layer, MatrixView gradient);
  // Whether the last forward had to write its output.
  bool keeps_output(int layer) const;
  // What a layer's dL/dx is made of: its input, or, of a fused activation whose input was not kept
  // and whose output does as well, that.
  ConstMatrixView slope_source(int layer) const {
    return output(keeps_output(layer - 1) ? layer - 1 : layer);
  }
  StepContext context_of(int layer) const {
    return {mode_, seed_, step_, static_cast<std::uint32_t>(layer)};
  }
  void run_backward();
  void write_silence();

  Backend& backend_;
  std::vector<std::unique_ptr<Layer>> layers_;
  std::vector<Part> parts_;  // one a layer
  Shape input_shape_;
  bool images_;  // whether images are stored as such, one row a pixel
  std::vector<Parameter> parameters_, states_;
  Buffer parameter_buffer_, gradient_buffer_, state_buffer_;
  Buffer input_image_;  // the input as images, for the largest batch
  Buffer scratch_, cache_;
  std::size_t workspace_floats_ = 0;
  std::uint64_t seed_;
  int silent_layer_ = -1;
  std::vector<int> silent_units_;  // of it
  // Of the last forward:
  Signal input_;
  int rows_ = 0;
  Mode mode_ = Mode::kTrain;
  Outputs outputs_wanted_ = Outputs::kAll;
  std::uint32_t step_ = 0;
};

}  // namespace reluscope
