#include "nn/layers/activation_layer.h"

#include <algorithm>

#include "core/text.h"

namespace reluscope {

ActivationLayer::ActivationLayer(const Shape& in, ActivationId id, std::vector<double> parameters)
    : shape_(in),
      id_(id),
      initial_(std::move(parameters)),
      fixed_(initial_.begin(), initial_.end()) {}

std::string ActivationLayer::text() const { return activation_info(id_).name + values_text(); }

std::string ActivationLayer::values_text() const {
  const ActivationInfo& info = activation_info(id_);
  std::string text;
  bool all_initial = true;
  for (std::size_t i = 0; i < initial_.size(); ++i) {
    all_initial = all_initial && initial_[i] == info.parameters[i].initial;
  }
  if (!all_initial) {
    for (const double value : initial_) text += " " + number_text(value);
  }
  return text;
}

std::vector<ParameterSpec> ActivationLayer::parameters() const {
  if (!learns()) return {};
  const auto& learnt = activation_info(id_).parameters.front();
  return {{learnt.name, {1}, {1, 1}, false, ParameterRole::kConstant, initial_.front(), 1, 1}};
}

void ActivationLayer::accept(LayerVisitor& visitor) const {
  const auto specs = parameters();
  visitor.activation(id_, initial_,
                     specs.empty() ? 0 : static_cast<int>(element_count(specs.front().shape)));
}

// The products dy df/dp, and their column sums.
std::size_t ActivationLayer::scratch_floats(int rows) const {
  if (!learns()) return 0;
  return align_up(largest_size(shape_, rows)) +
         align_up(static_cast<std::size_t>(feature_layout(shape_, 1).padded_cols()));
}

double ActivationLayer::gain() const { return activation_gain(id_, initial_); }

const float* ActivationLayer::activation_parameters(const LayerSlices& slices) const {
  return learns() ? slices.parameters[0] : fixed_.data();
}

void ActivationLayer::forward(Backend& backend, const StepContext&, LayerSlices& slices,
                              const Signal& x, MatrixView y, const ActivationAfter&) const {
  backend.activation_forward(id_, activation_parameters(slices), x.values.data, y.data,
                             y.layout.size());
}

// dp = sum over samples and units of dy df/dp: down each column first, then along the columns in
// ascending order, whatever the target and the threads. In double along the columns: cheap, and
// as exact as a float sum in any order.
void ActivationLayer::backward(Backend& backend, const StepContext&, LayerSlices& slices,
                               const Signal& x, ConstMatrixView dy, MatrixView dx,
                               const ActivationBefore&) const {
  const std::size_t n = dy.layout.size();
  if (learns()) {
    const MatrixView products{slices.scratch, dy.layout};
    float* const sums = slices.scratch + align_up(n);
    backend.activation_parameter(id_, activation_parameters(slices), x.values.data, dy.data,
                                 products.data, n);
    backend.column_sums(products, sums);
    backend.finish();
    double sum = 0.0;
    for (int c = 0; c < dy.cols(); ++c) sum += static_cast<double>(sums[c]);
    slices.gradients[0][0] = static_cast<float>(sum);
  }
  if (dx.data != nullptr) {
    backend.activation_backward(id_, activation_parameters(slices), x.values.data, dy.data, dx.data,
                                n);
  }
  if (learns()) backend.update(slices.updates[0], kPad);
}

}  // namespace reluscope
