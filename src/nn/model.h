// A network: its layers, one buffer for all parameters, one for their gradients, and the
// activation arena. Everything is allocated when it is built; nothing in a step.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nn/init.h"
#include "nn/layer.h"
#include "optim/optimizer.h"

namespace reluscope {

struct ModelOptions {
  std::string architecture;  // "dense 512 | relu | dense 10"
  Shape input;               // of one sample, (C, H, W)
  int classes = 10;
  std::string init = "he_normal";
  std::uint64_t seed = 1;
  int train_rows = 64;      // largest batch of forward + backward
  int evaluate_rows = 1000;  // largest batch of forward alone
};

class Model {
 public:
  struct Parameter {
    std::string name;  // in the state_dict: "fc1.weight"
    ParameterSpec spec;
    std::size_t offset;  // into parameters() and gradients(), in floats
  };

  // Throws Error for an architecture that cannot be built or an unknown init scheme.
  Model(const ModelOptions& options, Backend& backend);

  const std::vector<std::unique_ptr<Layer>>& layers() const { return layers_; }
  const std::string& layer_name(int layer) const {  // "fc1", "act1"
    return names_[static_cast<std::size_t>(layer)];
  }
  int layer_count() const { return static_cast<int>(layers_.size()); }
  bool takes_offset() const { return layers_.front()->takes_offset(); }

  // logits (N, classes) of x (N, features). The view is good until the next forward.
  ConstMatrixView forward(Mode mode, const Signal& x);
  // Where dL/dlogits of the last forward goes, before backward().
  MatrixView logits_gradient();
  // For the last forward, whose input must still be there: fills gradients().
  void backward();
  // The same, but applies the step that `optimizer` has begun to every parameter while its
  // gradient is at hand. gradients() is then not filled; the weights get the same bits as by
  // backward() and apply().
  void backward_and_update(Optimizer& optimizer);
  // Applies the step that `optimizer` has begun to all parameters, from gradients().
  void apply(Optimizer& optimizer);

  // Output of a layer in the last forward, (N, features of that layer).
  ConstMatrixView output(int layer) const;

  const std::vector<Parameter>& parameter_list() const { return parameters_; }  // state_dict order
  std::int64_t parameter_count() const;  // padding not counted
  std::span<float> parameters() { return {parameter_buffer_.data(), parameter_buffer_.size()}; }
  std::span<const float> parameters() const {
    return {parameter_buffer_.data(), parameter_buffer_.size()};
  }
  std::span<float> gradients() { return {gradient_buffer_.data(), gradient_buffer_.size()}; }
  std::span<const float> gradients() const {
    return {gradient_buffer_.data(), gradient_buffer_.size()};
  }

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
  Layout layout_of(int layer, int rows) const {
    return {rows, widths_[static_cast<std::size_t>(layer)]};
  }
  bool is_activation(int layer) const {
    return layer < layer_count() && layers_[static_cast<std::size_t>(layer)]->activation() >= 0;
  }
  void run_backward();
  LayerSlices& slices(int layer) { return slices_[static_cast<std::size_t>(layer)]; }

  Backend& backend_;
  std::vector<std::unique_ptr<Layer>> layers_;
  std::vector<std::string> names_;
  std::vector<int> widths_;  // features out of each layer
  std::vector<Parameter> parameters_;
  std::vector<LayerSlices> slices_;
  Buffer parameter_buffer_, gradient_buffer_;
  std::vector<Buffer> outputs_;           // one a layer, for the largest batch
  std::vector<Buffer> output_gradients_;  // one a layer, for train_rows
  Buffer scratch_, cache_;
  Signal input_;  // of the last forward
};

}  // namespace reluscope
