// Shared by the checks: sizes, parameters of activations, and buffers of optimizers.
#pragma once

#include <string>
#include <vector>

#include "cuda/checks/checks.h"

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

// Every optimizer in each of its forms.
inline std::vector<ParameterUpdate> all_updates() {
  using Kind = ParameterUpdate::Kind;
  std::vector<ParameterUpdate> updates;
  const AdamStep adam{.beta1 = 0.9f,
                      .one_minus_beta1 = 0.1f,
                      .beta2 = 0.999f,
                      .one_minus_beta2 = 0.001f,
                      .step_size = 0.01f,
                      .inverse_root_second = 1.3f,
                      .epsilon = 1e-8f};
  const auto rmsprop = [](float momentum) {
    return RmspropStep{.lr = 0.01f,
                       .alpha = 0.99f,
                       .one_minus_alpha = 0.01f,
                       .epsilon = 1e-6f,
                       .momentum = momentum};
  };
  const auto add = [&updates](Kind kind) -> ParameterUpdate& {
    updates.emplace_back().kind = kind;
    return updates.back();
  };
  add(Kind::kAdam).adam = adam;
  add(Kind::kAdam).adam = adam;
  updates.back().keep = 0.99f;
  add(Kind::kAdam).adam = adam;
  updates.back().coupled_decay = 0.02f;
  add(Kind::kSgd).sgd = {0.1f, 0.0f, false};
  add(Kind::kSgd).sgd = {.lr = 0.1f, .momentum = 0.9f, .nesterov = false, .gradient_share = 0.7f};
  add(Kind::kSgd).sgd = {0.1f, 0.9f, true};
  add(Kind::kRmsprop).rmsprop = rmsprop(0.0f);
  add(Kind::kRmsprop).rmsprop = rmsprop(0.9f);
  add(Kind::kNadam).nadam = {.beta1 = 0.9f,
                             .one_minus_beta1 = 0.1f,
                             .beta2 = 0.999f,
                             .one_minus_beta2 = 0.001f,
                             .correction2 = 0.5f,
                             .gradient_rate = 0.01f,
                             .mean_rate = 0.02f,
                             .epsilon = 1e-6f};
  add(Kind::kAdagrad).adagrad = {0.01f, 1e-6f};
  return updates;
}

// Allocates the buffers of an update; its kind determines which moments it has.
inline void give_buffers(Bench& b, ParameterUpdate& u, std::size_t n, bool centred) {
  using Kind = ParameterUpdate::Kind;
  u.gradient = b.array(n, -1.0f, 1.0f);
  u.weights = b.array(n, -1.0f, 1.0f);
  if (u.kind != Kind::kSgd || u.sgd.momentum > 0.0f) u.moment1 = b.array(n, 0.5f, 1.0f);
  const bool second = u.kind == Kind::kAdam || u.kind == Kind::kNadam ||
                      (u.kind == Kind::kRmsprop && u.rmsprop.momentum > 0.0f);
  if (second) u.moment2 = b.array(n, 0.0f, 0.5f);
  if (centred && u.kind == Kind::kRmsprop) u.moment3 = b.array(n, -0.3f, 0.3f);
}
inline void keep_buffers(Bench& b, const ParameterUpdate& u, std::size_t n) {
  b.backend.finish();
  b.result("weights", u.weights, n);
  if (u.moment1) b.result("moment1", u.moment1, n);
  if (u.moment2) b.result("moment2", u.moment2, n);
  if (u.moment3) b.result("moment3", u.moment3, n);
}

}  // namespace reluscope::cuda
