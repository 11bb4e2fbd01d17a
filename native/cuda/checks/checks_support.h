// Shared by the checks: sizes, parameters of activations, and buffers of optimizers.
#pragma once

#include <string>
#include <vector>

#include "cuda/checks/checks.h"
#include "optim/optimizer.h"

namespace reluscope::cuda {

struct Sizes {
  int n, in, out;
};
// Around the edges of panels and strips, and the sizes of the reference network.
inline constexpr Sizes kProducts[] = {{1, 1, 1},    {5, 16, 17},   {3, 17, 16},
                                      {33, 31, 33}, {7, 64, 32},   {13, 33, 48},
                                      {2, 100, 65}, {64, 784, 10}, {9, 97, 130}};
inline constexpr Sizes kShapes[] = {{1, 1, 0},   {2, 15, 0},  {3, 16, 0},   {5, 17, 0},
                                    {4, 31, 0},  {7, 32, 0},  {9, 33, 0},   {13, 48, 0},
                                    {33, 65, 0}, {64, 96, 0}, {129, 130, 0}};

inline std::vector<float> initial_parameters(ActivationId id) {
  std::vector<float> p;
  for (const ActivationParameter& parameter : activation_info(id).parameters) {
    p.push_back(static_cast<float>(parameter.initial));
  }
  return p;
}

// The parameters of an activation, in a Buffer if they are learnt, as layers hold them.
inline const float* parameters_for(Bench& b, ActivationId id, std::vector<float>& fixed) {
  fixed = initial_parameters(id);
  if (!activation_learns(activation_info(id))) return fixed.data();
  float* const learnt = b.array(kPad, 0.0f, 0.0f);
  learnt[0] = 0.37f;
  return learnt;
}

// Every optimizer in each of its forms, at its third step. give_buffers() replaces the pointers
// that are not null.
inline std::vector<ParameterUpdate> all_updates() {
  std::vector<OptimizerOptions> forms(5);
  for (OptimizerOptions& form : forms) form.epsilon = 1e-6;
  forms[1].weight_decay = 0.02;
  forms[2].momentum = forms[3].momentum = forms[4].momentum = 0.9;
  forms[2].dampening = 0.3;
  forms[3].nesterov = true;
  forms[4].centered = true;
  std::vector<ParameterUpdate> updates;
  for (const OptimizerRow& row : optimizer_rows()) {
    for (const OptimizerOptions& form : forms) {
      const auto optimizer = make_optimizer(row.name, form, kPad);
      for (int step = 0; step < 3; ++step) optimizer->begin_step(0.01);
      updates.push_back(optimizer->update_at(0, nullptr, nullptr));
    }
  }
  return updates;
}

// n parameters, gradients and moments; the parameters and moments after the update are results.
inline void give_buffers(Bench& b, ParameterUpdate& u, std::size_t n) {
  const Layout row{1, static_cast<int>(n)};
  u.gradient = b.array(n, -1.0f, 1.0f);
  u.weights = b.array(n, -1.0f, 1.0f);
  b.result("weights", {u.weights, row});
  // The first may be a sum of squares, the second a mean of them; the third is below its root.
  constexpr float kRanges[kMostMoments][2] = {{0.5f, 1.0f}, {0.0f, 0.5f}, {-0.3f, 0.3f}};
  for (int k = 0; k < kMostMoments; ++k) {
    if (u.moments[k] == nullptr) continue;
    u.moments[k] = b.array(n, kRanges[k][0], kRanges[k][1]);
    b.result("moment", {u.moments[k], row});
  }
}

}  // namespace reluscope::cuda
