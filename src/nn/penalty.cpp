#include "nn/penalty.h"

#include <algorithm>

namespace reluscope {

Penalty::Penalty(double l1, double l2, const Model& model, Memory* memory)
    : l1_(static_cast<float>(l1)), l2_(static_cast<float>(l2)) {
  int cols = 0;
  for (const Model::Parameter& parameter : model.parameter_list()) {
    cols = std::max(cols, parameter.spec.layout.padded_cols());
  }
  if (any()) values_ = Buffer(static_cast<std::size_t>(cols), memory);
}

double Penalty::add_gradient(Model& model, Backend& backend) {
  double sum = 0.0;
  for (const Model::Parameter& parameter : model.parameter_list()) {
    if (parameter.spec.role != ParameterRole::kWeight) continue;
    const Layout& layout = parameter.spec.layout;
    backend.add_penalty({{model.parameters().data() + parameter.offset, layout},
                         {model.gradients().data() + parameter.offset, layout},
                         l1_,
                         l2_,
                         values_.data()});
    backend.finish();
    for (int c = 0; c < layout.cols; ++c) sum += static_cast<double>(values_.data()[c]);
  }
  return sum;
}

}  // namespace reluscope
