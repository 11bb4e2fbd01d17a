// Checks of matrix products, convolutions and parameter updates.
#include <algorithm>

#include "backend/cpu/kernels.h"
#include "cuda/checks/checks.h"

namespace reluscope::cuda {
namespace {

void check_matmul(Bench& b) {
  for (const Sizes& s : kProducts) {
    const MatrixView x = b.random(s.n, s.in), w = b.random(s.in, s.out), start = b.random(1, s.out);
    b.backend.matmul({x}, w, nullptr, b.output("y without start", s.n, s.out, true), {});
    b.backend.matmul({x}, w, start.data, b.output("y", s.n, s.out, true), {});
  }
  for (ActivationId id = 0; id < activation_count(); ++id) {
    const float* const p = b.parameters(id);
    const std::string name = activation_info(id).name;
    const MatrixView x = b.random(5, 40), w = b.random(40, 50), start = b.random(1, 50);
    const MatrixView z = b.output("product before " + name, 5, 50), y = b.output(name, 5, 50);
    b.backend.matmul({x}, w, start.data, z, {id, p, y.data});
    const MatrixView unread = b.poisoned(5, 50), alone = b.output(name + " alone", 5, 50);
    b.backend.matmul({x}, w, start.data, unread, {id, p, alone.data, false});
  }
}

void check_input_gradient(Bench& b) {
  const auto run = [&b](const Sizes& s, ActivationId id) {
    const float* const p = id < 0 ? nullptr : b.parameters(id);
    const MatrixView dy = b.random(s.n, s.out), w = b.random(s.in, s.out),
                     z = b.random(s.n, s.in, -3.0f, 3.0f);
    const MatrixView dx = b.output(
        id < 0 ? "dx" : "dx through " + std::string(activation_info(id).name), s.n, s.in, true);
    float* const scratch = b.poison(input_gradient_scratch(s.n, s.in, s.out));
    b.backend.input_gradient(dy, w, dx, scratch, {id, p, z.data});
  };
  for (const Sizes& s : kProducts) run(s, -1);
  for (ActivationId id = 0; id < activation_count(); ++id) run({5, 41, 37}, id);
}

void check_weight_gradient(Bench& b) {
  for (const Sizes& s : kProducts) {
    const MatrixView x = b.random(s.n, s.in), d = b.random(s.n, s.out), start = b.random(1, s.out);
    for (const bool starts : {false, true}) {
      const std::string name = starts ? "gradient" : "gradient without start";
      ParameterUpdate store;
      store.gradient = b.output(name, s.in, s.out, true).data;
      b.backend.weight_gradient({x}, d, starts ? start.data : nullptr, store, nullptr);
    }
  }
  for (ParameterUpdate update : all_updates()) {
    const Layout layout{37, 50};
    const MatrixView x = b.random(6, 37), d = b.random(6, 50), start = b.random(1, 50);
    give_buffers(b, update, layout.size());
    float* const sums = b.output("column sums of the weights", 1, 50).data;
    b.backend.weight_gradient({x}, d, start.data, update, sums);
  }
}

void check_update(Bench& b) {
  for (ParameterUpdate update : all_updates()) {
    constexpr std::size_t kFloats = 16 * 67;
    give_buffers(b, update, kFloats);
    b.backend.update(update, kFloats);
  }
}

struct Convolution {
  int samples, channels, out;
  Window window;
};
constexpr Convolution kConvolutions[] = {
    {1, 1, 1, {1, 1, 1, 1}},        {2, 1, 5, {7, 6, 3, 3, 1, 1}},   {3, 17, 33, {5, 5, 3, 3}},
    {2, 3, 16, {8, 7, 3, 3, 2, 1}}, {2, 32, 40, {6, 6, 5, 5, 1, 2}}, {4, 2, 7, {9, 9, 2, 2, 3, 0}},
    {5, 33, 10, {4, 5, 3, 3, 2, 2}}};

void check_convolution(Bench& b) {
  for (const auto& [samples, channels, out, window] : kConvolutions) {
    const int in_rows = samples * window.pixels(), out_rows = samples * window.out_pixels();
    const MatrixView x = b.random(in_rows, channels), w = b.random(window.taps() * channels, out);
    const MatrixView bias = b.random(1, out), dy = b.random(out_rows, out),
                     z = b.random(in_rows, channels);
    float* const turned = b.poison(Layout{window.taps() * out, channels}.size());
    const ActivationId id = find_activation("leaky_relu");
    const float* const p = b.parameters(id);
    b.backend.reserve(convolution_workspace(window, channels, out));
    const MatrixView y = b.output("convolve", out_rows, out, true),
                     after = b.output("activation after it", out_rows, out);
    b.backend.convolve(window, x, w, bias.data, y, {id, p, after.data});
    b.backend.convolve_input_gradient(
        window, dy, w, b.output("input gradient", in_rows, channels, true), turned, {});
    b.backend.convolve_input_gradient(
        window, dy, w, b.output("input gradient through an activation", in_rows, channels, true),
        turned, {id, p, z.data});
    const MatrixView gradient = b.output("weight gradient", window.taps() * channels, out, true);
    ParameterUpdate store;
    store.gradient = gradient.data;
    b.backend.convolve_weight_gradient(window, x, dy, store);
    // Optimizers instead: all of them where there are several panels.
    for (ParameterUpdate update : all_updates()) {
      give_buffers(b, update, gradient.layout.size());
      b.backend.convolve_weight_gradient(window, x, dy, update);
      if (out <= kPanel) break;
    }
  }
}

void check_column_sums(Bench& b) {
  for (const Sizes& s : kShapes) {
    for (const int rows : {s.n, 128, 300, 1500}) {
      const MatrixView x = b.random(rows, s.in);
      float* const scratch = b.poison(batch_norm_scratch(x.layout));
      b.backend.column_sums(x, b.output("column_sums", 1, s.in, true).data);
      b.backend.long_column_sums(x, scratch, b.output("long_column_sums", 1, s.in, true).data);
    }
  }
}

}  // namespace

std::vector<Check> product_checks() {
  return {{"matmul", check_matmul},
          {"input_gradient", check_input_gradient},
          {"weight_gradient", check_weight_gradient},
          {"update", check_update},
          {"convolution", check_convolution},
          {"column_sums", check_column_sums}};
}

}  // namespace reluscope::cuda
