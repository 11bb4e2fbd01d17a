// Clips stored gradients before an optimizer uses them.
#pragma once

#include <span>

#include "backend/backend.h"

namespace reluscope {

struct ClipOptions {
  double value = 0.0;  // 0: off
  double norm = 0.0;   // 0: off
};

// In place: first clips every element to [-value, value] (torch.nn.utils.clip_grad_value_), then
// multiplies all by norm / (their Euclidean norm + 1e-6) if that is below 1 (clip_grad_norm_;
// Pascanu, Mikolov, Bengio (2013), algorithm 1). The norm is summed in double, in an order that
// does not depend on threads or targets. gradients: the whole buffer, with zero padding.
void clip_gradients(Backend& backend, std::span<float> gradients, const ClipOptions& options);

}  // namespace reluscope
