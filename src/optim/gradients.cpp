#include "optim/gradients.h"

#include "core/math.h"

namespace reluscope {

void clip_gradients(Backend& backend, std::span<float> gradients, const ClipOptions& options) {
  float* const g = gradients.data();
  if (options.value > 0.0) {
    backend.clamp(g, static_cast<float>(options.value), gradients.size());
  }
  if (options.norm > 0.0) {
    const double norm = scalar::sqrt(backend.sum_of_squares(g, gradients.size()));
    const double factor = options.norm / (norm + 1e-6);
    if (factor >= 1.0) return;
    backend.scale_add(nullptr, static_cast<float>(factor), g, g, gradients.size());
  }
}

}  // namespace reluscope
