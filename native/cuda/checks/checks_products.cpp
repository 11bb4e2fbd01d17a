// Checks of matrix products, convolutions and parameter updates.
#include <algorithm>

#include "backend/cpu/layer_kernels.h"
#include "cuda/checks/checks_support.h"

namespace reluscope::cuda {
namespace {

void check_matmul(Bench& b) {
  for (const Sizes& s : kProducts) {
    const MatrixView x = b.random(s.n, s.in), w = b.random(s.in, s.out), start = b.random(1, s.out);
    const MatrixView plain = b.poisoned(s.n, s.out), y = b.poisoned(s.n, s.out);
    b.backend.matmul({x}, w, nullptr, plain, {});
    b.backend.matmul({x}, w, start.data, y, {});
    b.backend.finish();
    b.result("y without start", plain, true);
    b.result("y", y, true);
  }
  for (ActivationId id = 0; id < activation_count(); ++id) {
    std::vector<float> fixed;
    const float* const p = parameters_for(b, id, fixed);
    const MatrixView x = b.random(5, 40), w = b.random(40, 50), start = b.random(1, 50);
    const MatrixView z = b.poisoned(5, 50), y = b.poisoned(5, 50);
    b.backend.matmul({x}, w, start.data, z, {id, p, y.data});
    b.backend.finish();
    b.result("product before " + std::string(activation_info(id).name), z);
    b.result(activation_info(id).name, y);
    const MatrixView unread = b.poisoned(5, 50), alone = b.poisoned(5, 50);
    b.backend.matmul({x}, w, start.data, unread, {id, p, alone.data, false});
    b.backend.finish();
    b.result(std::string(activation_info(id).name) + " alone", alone);
  }
}

void check_input_gradient(Bench& b) {
  const auto run = [&b](const Sizes& s, ActivationId id) {
    std::vector<float> fixed;
    const float* const p = id < 0 ? nullptr : parameters_for(b, id, fixed);
    const MatrixView dy = b.random(s.n, s.out), w = b.random(s.in, s.out),
                     z = b.random(s.n, s.in, -3.0f, 3.0f);
    const MatrixView dx = b.poisoned(s.n, s.in);
    float* const scratch = b.poison(input_gradient_scratch(s.n, s.in, s.out));
    b.backend.input_gradient(dy, w, dx, scratch, {id, p, z.data});
    b.backend.finish();
    b.result(id < 0 ? "dx" : "dx through " + std::string(activation_info(id).name), dx, true);
  };
  for (const Sizes& s : kProducts) run(s, -1);
  for (ActivationId id = 0; id < activation_count(); ++id) run({5, 41, 37}, id);
}

void check_weight_gradient(Bench& b) {
  for (const Sizes& s : kProducts) {
    const MatrixView x = b.random(s.n, s.in), d = b.random(s.n, s.out), start = b.random(1, s.out);
    const MatrixView plain = b.poisoned(s.in, s.out), gradient = b.poisoned(s.in, s.out);
    ParameterUpdate store;
    store.gradient = plain.data;
    b.backend.weight_gradient({x}, d, nullptr, store, nullptr);
    store.gradient = gradient.data;
    b.backend.weight_gradient({x}, d, start.data, store, nullptr);
    b.backend.finish();
    b.result("gradient without start", plain, true);
    b.result("gradient", gradient, true);
  }
  for (ParameterUpdate update : all_updates()) {
    const Layout layout{37, 50};
    const MatrixView x = b.random(6, 37), d = b.random(6, 50), start = b.random(1, 50);
    give_buffers(b, update, layout.size());
    float* const sums = b.poison(static_cast<std::size_t>(layout.padded_cols()));
    b.backend.weight_gradient({x}, d, start.data, update, sums);
    keep_buffers(b, update, layout.size());
    b.result("column sums of the weights", sums, 50);
  }
}

void check_update(Bench& b) {
  for (ParameterUpdate update : all_updates()) {
    constexpr std::size_t kFloats = 16 * 67;
    give_buffers(b, update, kFloats);
    b.backend.update(update, kFloats);
    keep_buffers(b, update, kFloats);
  }
}

struct Convolution {
  int samples, channels, out, height, width, kernel, stride, padding;
};
constexpr Convolution kConvolutions[] = {{1, 1, 1, 1, 1, 1, 1, 0},   {2, 1, 5, 7, 6, 3, 1, 1},
                                         {3, 17, 33, 5, 5, 3, 1, 0}, {2, 3, 16, 8, 7, 3, 2, 1},
                                         {2, 32, 40, 6, 6, 5, 1, 2}, {4, 2, 7, 9, 9, 2, 3, 0},
                                         {5, 33, 10, 4, 5, 3, 2, 2}};

void check_convolution(Bench& b) {
  for (const Convolution& c : kConvolutions) {
    const Window window{c.height, c.width, c.kernel, c.kernel, c.stride, c.padding};
    const int in_rows = c.samples * window.pixels(), out_rows = c.samples * window.out_pixels();
    const MatrixView x = b.random(in_rows, c.channels),
                     w = b.random(window.taps() * c.channels, c.out);
    const MatrixView bias = b.random(1, c.out), dy = b.random(out_rows, c.out),
                     z = b.random(in_rows, c.channels);
    const MatrixView y = b.poisoned(out_rows, c.out), after = b.poisoned(out_rows, c.out);
    const MatrixView dx = b.poisoned(in_rows, c.channels),
                     through = b.poisoned(in_rows, c.channels);
    const MatrixView gradient = b.poisoned(window.taps() * c.channels, c.out);
    float* const turned = b.poison(Layout{window.taps() * c.out, c.channels}.size());
    const ActivationId id = find_activation("leaky_relu");
    const std::vector<float> p = initial_parameters(id);
    b.backend.reserve(convolution_workspace(window, c.channels, c.out));
    b.backend.convolve(window, x, w, bias.data, y, {id, p.data(), after.data});
    b.backend.convolve_input_gradient(window, dy, w, dx, turned, {});
    b.backend.convolve_input_gradient(window, dy, w, through, turned, {id, p.data(), z.data});
    ParameterUpdate store;
    store.gradient = gradient.data;
    b.backend.convolve_weight_gradient(window, x, dy, store);
    b.backend.finish();
    b.result("convolve", y, true);
    b.result("activation after it", after);
    b.result("input gradient", dx, true);
    b.result("input gradient through an activation", through, true);
    b.result("weight gradient", gradient, true);
    // Optimizers instead: all of them where there are several panels.
    for (ParameterUpdate update : all_updates()) {
      give_buffers(b, update, gradient.layout.size());
      b.backend.convolve_weight_gradient(window, x, dy, update);
      keep_buffers(b, update, gradient.layout.size());
      if (c.out <= kPanel) break;
    }
  }
}

void check_column_sums(Bench& b) {
  for (const Sizes& s : kShapes) {
    for (const int rows : {s.n, 128, 300, 1500}) {
      const MatrixView x = b.random(rows, s.in);
      const auto padded = static_cast<std::size_t>(x.layout.padded_cols());
      float *const sums = b.poison(padded), *const long_sums = b.poison(padded);
      float* const scratch = b.poison(batch_norm_scratch(x.layout));
      b.backend.column_sums(x, sums);
      b.backend.long_column_sums(x, scratch, long_sums);
      b.backend.finish();
      b.result("column_sums", sums, padded);
      b.result("long_column_sums", long_sums, padded);
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
