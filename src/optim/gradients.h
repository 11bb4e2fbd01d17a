// What is done to gradients that are stored, before an optimizer is applied to them.
#pragma once

#include <span>

#include "backend/backend.h"

namespace reluscope {

struct ClipOptions {
  double value = 0.0;  // 0: off
  double norm = 0.0;   // 0: off
};

// Clips in place: first every element into [-value, value] (torch.nn.utils.clip_grad_value_), then
// all by one factor, norm / (their Euclidean norm + 1e-6), if that is below 1 (clip_grad_norm_;
// Pascanu, Mikolov, Bengio (2013), algorithm 1). The norm is summed in double, in an order that
// does not depend on threads or targets. gradients: all of them, padding zero.
void clip_gradients(Backend& backend, std::span<float> gradients, const ClipOptions& options);

}  // namespace reluscope
