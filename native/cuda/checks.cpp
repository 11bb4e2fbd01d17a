#include "cuda/checks.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "backend/cpu/layer_kernels.h"
#include "core/error.h"
#include "core/philox.h"
#include "core/rng.h"
#include "core/text.h"

namespace reluscope::cuda {

// SplitMix64 (Steele, Lea, Flood 2014).
float Bench::real(float low, float high) {
  seed_ += 0x9E3779B97F4A7C15u;
  std::uint64_t z = seed_;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  z ^= z >> 31;
  return low + (high - low) * (static_cast<float>(z >> 40) * 0x1p-24f);
}

int Bench::below(int bound) { return std::min(static_cast<int>(real(0.0f, 1.0f) * static_cast<float>(bound)), bound - 1); }

Buffer& Bench::make(std::size_t floats) {
  backend.finish();
  return *buffers_.emplace_back(std::make_unique<Buffer>(align_up(floats), backend.memory()));
}

MatrixView Bench::filled(int rows, int cols, float value) {
  const Layout layout{rows, cols};
  const MatrixView m{make(layout.size()).data(), layout};
  std::fill_n(m.data, layout.size(), value);
  return m;
}

MatrixView Bench::random(int rows, int cols, float low, float high) {
  const MatrixView m = filled(rows, cols, 0.0f);
  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < cols; ++c) {
      if (const float value = real(low, high); below(8) > 0) m.at(r, c) = value;
    }
  }
  return m;
}

MatrixView Bench::poisoned(int rows, int cols) {
  return filled(rows, cols, std::numeric_limits<float>::quiet_NaN());
}

float* Bench::array(std::size_t n, float low, float high) {
  float* const values = make(n).data();
  for (std::size_t i = 0; i < n; ++i) values[i] = real(low, high);
  return values;
}

float* Bench::poison(std::size_t n) {
  float* const values = make(n).data();
  std::fill_n(values, n, std::numeric_limits<float>::quiet_NaN());
  return values;
}

void Bench::result(const std::string& name, ConstMatrixView m, bool padded) {
  Result result{name, {}};
  for (int r = 0; r < m.rows(); ++r) {
    for (int c = 0; c < (padded ? m.layout.padded_cols() : m.cols()); ++c) result.values.push_back(m.at(r, c));
  }
  results_.push_back(std::move(result));
}

void Bench::result(const std::string& name, const float* values, std::size_t n) {
  results_.push_back({name, {values, values + n}});
}

std::string difference(const std::vector<Bench::Result>& device,
                       const std::vector<Bench::Result>& reference) {
  for (std::size_t i = 0; i < reference.size(); ++i) {
    const auto& expected = reference[i].values;
    const auto& actual = device[i].values;
    double largest = 1e-30;
    for (const float value : expected) {
      if (std::isfinite(value)) largest = std::max(largest, std::abs(static_cast<double>(value)));
    }
    for (std::size_t k = 0; k < expected.size(); ++k) {
      if (std::isnan(expected[k]) && std::isnan(actual[k])) continue;
      const double error = std::abs(static_cast<double>(actual[k]) - static_cast<double>(expected[k]));
      if (error <= 1e-5 * largest || actual[k] == expected[k]) continue;
      return reference[i].name + ", element " + std::to_string(k) + ": " + format("%.9g", static_cast<double>(actual[k])) +
             " instead of " + format("%.9g", static_cast<double>(expected[k])) + " (largest " + format("%.3g", largest) + ")";
    }
  }
  return "";
}

std::string run_check(const Check& check, Backend& device, Backend& reference, std::uint64_t seed) {
  Bench on_device(device, seed), on_reference(reference, seed);
  check.run(on_device);
  check.run(on_reference);
  return difference(on_device.results(), on_reference.results());
}

namespace {

struct Sizes {
  int n, in, out;
};
// Around the edges of panels and strips, and the reference network's.
constexpr Sizes kProducts[] = {{1, 1, 1},    {5, 16, 17},  {3, 17, 16},  {33, 31, 33}, {7, 64, 32},
                               {13, 33, 48}, {2, 100, 65}, {64, 784, 10}, {9, 97, 130}};
constexpr Sizes kShapes[] = {{1, 1, 0},   {2, 15, 0},  {3, 16, 0},  {5, 17, 0},  {4, 31, 0},   {7, 32, 0},
                             {9, 33, 0},  {13, 48, 0}, {33, 65, 0}, {64, 96, 0}, {129, 130, 0}};

std::vector<float> initial_parameters(ActivationId id) {
  std::vector<float> p;
  for (const ActivationParameter& parameter : activation_info(id).parameters) {
    p.push_back(static_cast<float>(parameter.initial));
  }
  return p;
}

// Parameters where a layer of that activation has them: those that are learnt in a buffer.
const float* parameters_for(Bench& b, ActivationId id, std::vector<float>& fixed) {
  fixed = initial_parameters(id);
  if (!activation_learns(activation_info(id))) return fixed.data();
  float* const learnt = b.array(kPad, 0.0f, 0.0f);
  learnt[0] = 0.37f;
  return learnt;
}

// Every optimizer in each of its forms.
std::vector<ParameterUpdate> all_updates() {
  using Kind = ParameterUpdate::Kind;
  std::vector<ParameterUpdate> updates;
  const AdamStep adam{0.9f, 0.1f, 0.999f, 0.001f, 0.01f, 1.3f, 1e-8f};
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
  add(Kind::kSgd).sgd = {0.1f, 0.9f, false, 0.7f};
  add(Kind::kSgd).sgd = {0.1f, 0.9f, true};
  add(Kind::kRmsprop).rmsprop = {0.01f, 0.99f, 0.01f, 1e-6f, 0.0f};
  add(Kind::kRmsprop).rmsprop = {0.01f, 0.99f, 0.01f, 1e-6f, 0.9f};
  add(Kind::kNadam).nadam = {0.9f, 0.1f, 0.999f, 0.001f, 0.5f, 0.01f, 0.02f, 1e-6f};
  add(Kind::kAdagrad).adagrad = {0.01f, 1e-6f};
  return updates;
}

// Gives an update its buffers; which of the moments it has follows from its kind.
void give_buffers(Bench& b, ParameterUpdate& u, std::size_t n, bool centred) {
  using Kind = ParameterUpdate::Kind;
  u.gradient = b.array(n, -1.0f, 1.0f);
  u.weights = b.array(n, -1.0f, 1.0f);
  if (u.kind != Kind::kSgd || u.sgd.momentum > 0.0f) u.moment1 = b.array(n, 0.5f, 1.0f);
  const bool second = u.kind == Kind::kAdam || u.kind == Kind::kNadam ||
                      (u.kind == Kind::kRmsprop && u.rmsprop.momentum > 0.0f);
  if (second) u.moment2 = b.array(n, 0.0f, 0.5f);
  if (centred && u.kind == Kind::kRmsprop) u.moment3 = b.array(n, -0.3f, 0.3f);
}
void keep_buffers(Bench& b, const ParameterUpdate& u, std::size_t n) {
  b.backend.finish();
  b.result("weights", u.weights, n);
  if (u.moment1) b.result("moment1", u.moment1, n);
  if (u.moment2) b.result("moment2", u.moment2, n);
  if (u.moment3) b.result("moment3", u.moment3, n);
}

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
  }
}

void check_input_gradient(Bench& b) {
  const auto run = [&b](const Sizes& s, ActivationId id) {
    std::vector<float> fixed;
    const float* const p = id < 0 ? nullptr : parameters_for(b, id, fixed);
    const MatrixView dy = b.random(s.n, s.out), w = b.random(s.in, s.out), z = b.random(s.n, s.in, -3.0f, 3.0f);
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
    give_buffers(b, update, layout.size(), false);
    float* const sums = b.poison(static_cast<std::size_t>(layout.padded_cols()));
    b.backend.weight_gradient({x}, d, start.data, update, sums);
    keep_buffers(b, update, layout.size());
    b.result("column sums of the weights", sums, 50);
  }
}

void check_update(Bench& b) {
  for (const bool centred : {false, true}) {
    for (ParameterUpdate update : all_updates()) {
      constexpr std::size_t kFloats = 16 * 67;
      give_buffers(b, update, kFloats, centred);
      b.backend.update(update, kFloats);
      keep_buffers(b, update, kFloats);
    }
  }
}

void check_activations(Bench& b) {
  for (ActivationId id = 0; id < activation_count(); ++id) {
    std::vector<float> fixed;
    const float* const p = parameters_for(b, id, fixed);
    constexpr std::size_t kFloats = 16 * 65;
    const float* const x = b.array(kFloats, -6.0f, 6.0f);
    const float* const dy = b.array(kFloats, -2.0f, 2.0f);
    float *const y = b.poison(kFloats), *const dx = b.poison(kFloats), *const dp = b.poison(kFloats);
    b.backend.activation_forward(id, p, x, y, kFloats);
    b.backend.activation_backward(id, p, x, dy, dx, kFloats);
    b.backend.activation_parameter(id, p, x, dy, dp, kFloats);
    b.backend.finish();
    const std::string name = activation_info(id).name;
    b.result(name, y, kFloats);
    b.result(name + " backward", dx, kFloats);
    b.result(name + " by its parameter", dp, kFloats);
  }
}

void check_varied(Bench& b) {
  for (ActivationId id = 0; id < activation_count(); ++id) {
    if (!activation_varies(activation_info(id))) continue;
    for (const Sizes& s : kShapes) {
      for (const bool by_row : {false, true}) {
        const MatrixView x = b.random(s.n, s.in, -4.0f, 4.0f), dy = b.random(s.n, s.in);
        const MatrixView p = b.random(by_row ? s.n : 1, s.in, -1.0f, 1.5f);
        const MatrixView y = b.poisoned(s.n, s.in), dx = b.poisoned(s.n, s.in), dp = b.poisoned(s.n, s.in);
        const VariedParameter varied{p.data, by_row};
        b.backend.varied_forward(id, varied, x, y);
        b.backend.varied_backward(id, varied, x, dy, dx);
        b.backend.varied_parameter(id, varied, x, dy, dp);
        b.backend.finish();
        const std::string name = std::string("varied ") + activation_info(id).name;
        b.result(name, y);
        b.result(name + " backward", dx, true);
        b.result(name + " by its parameter", dp, true);
      }
    }
  }
}

void check_elementwise(Bench& b) {
  for (const std::size_t n : {std::size_t{1}, std::size_t{16}, std::size_t{255}, std::size_t{5000}}) {
    float *const a = b.array(n, -2.0f, 2.0f), *const x = b.array(n, -2.0f, 2.0f);
    float *const y = b.poison(n), *const alone = b.poison(n);
    b.backend.scale_add(a, -0.4242f, x, y, n);
    b.backend.scale_add(nullptr, -0.4242f, x, alone, n);
    b.backend.scale_add(a, 3.0f, x, a, n);  // in place
    b.backend.clamp(x, 0.75f, n);
    const auto squares = static_cast<float>(b.backend.sum_of_squares(x, n));
    b.backend.finish();
    b.result("scale_add", y, n);
    b.result("scale_add of one", alone, n);
    b.result("scale_add in place", a, n);
    b.result("clamp", x, n);
    b.result("sum_of_squares", &squares, 1);
  }
}

void check_random(Bench& b) {
  for (const Sizes& s : kShapes) {
    const MatrixView x = b.random(s.n, s.in), y = b.poisoned(s.n, s.in), u = b.poisoned(s.n, s.in);
    b.backend.dropout({7, static_cast<std::uint32_t>(Purpose::kDropout), 11, 3, 1u << 30, 4.0f / 3.0f}, x, y);
    b.backend.fill_uniform(Rng(7, Purpose::kSlope, 5), 2, 0.125f, 0.333f, u);
    b.backend.finish();
    b.result("dropout", y, true);
    b.result("fill_uniform", u);
  }
}

void check_gather(Bench& b) {
  for (const Sizes& s : kShapes) {
    constexpr int kImages = 50;
    std::vector<std::uint8_t>& images = b.bytes();  // a device knows a set by where it is
    for (int i = 0; i < kImages * s.in; ++i) images.push_back(static_cast<std::uint8_t>(b.below(256)));
    std::vector<float> table;
    for (int i = 0; i < 256; ++i) table.push_back(b.real(-1.0f, 3.0f));
    std::vector<int> samples;
    for (int i = 0; i < s.n; ++i) samples.push_back(b.below(kImages));
    const MatrixView to = b.poisoned(s.n, s.in);
    if (!b.backend.gather({images.data(), kImages, s.in, samples.data(), table.data(), to})) {
      for (int row = 0; row < s.n; ++row) {
        for (int c = 0; c < to.layout.padded_cols(); ++c) {
          const int at = samples[static_cast<std::size_t>(row)] * s.in + c;
          to.at(row, c) = c < s.in ? table[images[static_cast<std::size_t>(at)]] : 0.0f;
        }
      }
    }
    b.backend.finish();
    b.result("gather", to, true);
  }
}

void check_maxout(Bench& b) {
  for (const int area : {1, 6}) {
    for (const int pieces : {2, 3}) {
      for (const int channels : {1, 5, 33}) {
        const int out = channels * area, in = out * pieces;
        const MatrixView x = b.random(7, in), dy = b.random(7, out), y = b.poisoned(7, out), dx = b.poisoned(7, in);
        for (int c = 0; c < in; ++c) x.at(3, c) = 0.5f;  // equals: the first is the largest
        x.at(5, 0) = std::numeric_limits<float>::quiet_NaN();
        b.backend.maxout_forward(x, pieces, area, y);
        b.backend.maxout_backward(x, dy, pieces, area, dx);
        b.backend.finish();
        b.result("maxout", y, true);
        b.result("maxout backward", dx, true);
      }
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

struct Convolution {
  int samples, channels, out, height, width, kernel, stride, padding;
};
constexpr Convolution kConvolutions[] = {{1, 1, 1, 1, 1, 1, 1, 0},    {2, 1, 5, 7, 6, 3, 1, 1},
                                         {3, 17, 33, 5, 5, 3, 1, 0},  {2, 3, 16, 8, 7, 3, 2, 1},
                                         {2, 32, 40, 6, 6, 5, 1, 2},  {4, 2, 7, 9, 9, 2, 3, 0},
                                         {5, 33, 10, 4, 5, 3, 2, 2}};

void check_convolution(Bench& b) {
  for (const Convolution& c : kConvolutions) {
    const Window window{c.height, c.width, c.kernel, c.kernel, c.stride, c.padding};
    const int in_rows = c.samples * window.pixels(), out_rows = c.samples * window.out_pixels();
    const MatrixView x = b.random(in_rows, c.channels), w = b.random(window.taps() * c.channels, c.out);
    const MatrixView bias = b.random(1, c.out), dy = b.random(out_rows, c.out), z = b.random(in_rows, c.channels);
    const MatrixView y = b.poisoned(out_rows, c.out), after = b.poisoned(out_rows, c.out);
    const MatrixView dx = b.poisoned(in_rows, c.channels), through = b.poisoned(in_rows, c.channels);
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
    // An optimizer instead.
    ParameterUpdate update = all_updates().front();
    give_buffers(b, update, gradient.layout.size(), false);
    b.backend.convolve_weight_gradient(window, x, dy, update);
    keep_buffers(b, update, gradient.layout.size());
  }
}

struct Pooled {
  int samples, channels, height, width, kernel_height, kernel_width, stride;
};
constexpr Pooled kPools[] = {{1, 1, 1, 1, 1, 1, 1},   {2, 3, 5, 5, 2, 2, 2},  {3, 17, 7, 6, 3, 3, 2},
                             {2, 33, 5, 4, 3, 3, 1},  {5, 48, 7, 7, 7, 7, 1}, {2, 5, 3, 17, 3, 17, 1},
                             {1, 16, 8, 9, 2, 2, 3}};

void check_pool(Bench& b) {
  for (const Pooling kind : {Pooling::kMax, Pooling::kAverage}) {
    for (const Pooled& c : kPools) {
      const Window window{c.height, c.width, c.kernel_height, c.kernel_width, c.stride, 0};
      const int in_rows = c.samples * window.pixels(), out_rows = c.samples * window.out_pixels();
      const MatrixView x = b.random(in_rows, c.channels), dy = b.random(out_rows, c.channels);
      // Few different values, so that windows have several maxima.
      for (int r = 0; r < in_rows; ++r) {
        for (int k = 0; k < c.channels; ++k) x.at(r, k) = static_cast<float>(b.below(4)) - 2.0f;
      }
      if (c.samples > 1) x.at(1, 0) = std::numeric_limits<float>::quiet_NaN();
      const MatrixView y = b.poisoned(out_rows, c.channels), dx = b.poisoned(in_rows, c.channels);
      b.backend.pool(kind, window, x, y);
      b.backend.pool_backward(kind, window, x, dy, dx);
      b.backend.finish();
      b.result("pool", y);
      b.result("pool backward", dx, true);
    }
  }
}

void check_flatten(Bench& b) {
  for (const int channels : {1, 5, 32, 33}) {
    for (const int pixels : {1, 6, 49}) {
      const MatrixView image = b.random(3 * pixels, channels), features = b.poisoned(3, pixels * channels);
      const MatrixView back = b.poisoned(3 * pixels, channels);
      b.backend.flatten(image, pixels, features);
      b.backend.unflatten(features, pixels, back);
      b.backend.finish();
      b.result("flatten", features, true);
      b.result("unflatten", back, true);
    }
  }
}

void check_batch_norm(Bench& b) {
  for (const Sizes& s : kShapes) {
    for (const int rows : {s.n + 1, 128, 300}) {
      for (const bool train : {true, false}) {
        const MatrixView x = b.random(rows, s.in, 2.0f, 5.0f), dy = b.random(rows, s.in), z = b.random(rows, s.in);
        const MatrixView weight = b.random(1, s.in, 0.5f, 1.5f), bias = b.random(1, s.in);
        const MatrixView mean = b.random(1, s.in), var = b.random(1, s.in, 0.5f, 2.0f), batches = b.filled(1, 1, 0.0f);
        const MatrixView own_mean = b.poisoned(1, s.in), inverse = b.poisoned(1, s.in);
        batches.data[0] = 4.0f;
        const BatchNormalisation norm{train, 1e-5, 0.1, weight.data, bias.data, mean.data, var.data, batches.data,
                                      own_mean.data, inverse.data, b.poison(batch_norm_scratch(x.layout))};
        const ActivationId id = find_activation("relu");
        const MatrixView y = b.poisoned(rows, s.in), after = b.poisoned(rows, s.in), dx = b.poisoned(rows, s.in);
        const MatrixView dweight = b.poisoned(1, s.in), dbias = b.poisoned(1, s.in);
        b.backend.batch_norm(norm, x, y, {id, nullptr, after.data});
        b.backend.batch_norm_backward(norm, x, dy, dx, dweight.data, dbias.data, {id, nullptr, z.data});
        b.backend.finish();
        b.result("batch_norm", y, true);
        b.result("activation after it", after);
        b.result("running mean", mean);
        b.result("running variance", var);
        b.result("batches", batches);
        b.result("batch_norm dx", dx, true);
        b.result("batch_norm dweight", dweight, true);
        b.result("batch_norm dbias", dbias, true);
      }
    }
  }
}

void check_layer_norm(Bench& b) {
  for (const Sizes& s : kShapes) {
    for (const int rows : {1, 9}) {  // of features, and of images
      const int samples = std::min(s.n, 6);
      const MatrixView x = b.random(samples * rows, s.in, 1.0f, 4.0f), dy = b.random(samples * rows, s.in);
      const MatrixView weight = b.random(rows, s.in, 0.5f, 1.5f), bias = b.random(rows, s.in);
      const LayerNormalisation norm{rows, 1e-5, weight, bias, b.poison(2 * static_cast<std::size_t>(samples))};
      const MatrixView y = b.poisoned(samples * rows, s.in), dx = b.poisoned(samples * rows, s.in);
      const MatrixView dweight = b.poisoned(rows, s.in), dbias = b.poisoned(rows, s.in);
      b.backend.layer_norm(norm, x, y);
      b.backend.layer_norm_backward(norm, x, dy, dx, dweight.data, dbias.data);
      b.backend.finish();
      b.result("layer_norm", y);
      b.result("layer_norm dx", dx, true);
      b.result("layer_norm dweight", dweight, true);
      b.result("layer_norm dbias", dbias, true);
    }
  }
}

void check_loss(Bench& b) {
  for (const int classes : {2, 10, 33, 256}) {
    for (const int rows : {1, 17, 64}) {
      for (const bool weighted : {false, true}) {
        const MatrixView z = b.random(rows, classes, -8.0f, 8.0f), probabilities = b.poisoned(rows, classes);
        std::vector<std::uint8_t> labels, correct(static_cast<std::size_t>(rows), 9);
        std::vector<float> losses(static_cast<std::size_t>(rows)), weights;
        for (int r = 0; r < rows; ++r) labels.push_back(static_cast<std::uint8_t>(b.below(classes)));
        for (int c = 0; c < classes; ++c) weights.push_back(b.real(0.5f, 2.0f));
        const MatrixView slopes = b.poisoned(rows, classes);
        SoftmaxLoss loss{z, labels.data(), 0.25f, losses.data(), correct.data(), slopes.data};
        if (weighted) {
          loss.label_smoothing = 0.1f;
          loss.class_weights = weights.data();
        }
        b.backend.softmax_cross_entropy(loss);
        b.backend.softmax(z, probabilities);
        b.backend.finish();
        b.result("losses", losses.data(), losses.size());
        b.result("dlogits", slopes, true);
        b.result("softmax", probabilities, true);
        const std::vector<float> hits(correct.begin(), correct.end());
        b.result("correct", hits.data(), hits.size());
      }
    }
  }
}

void check_penalty(Bench& b) {
  for (const Sizes& s : kShapes) {
    const MatrixView weights = b.random(s.n, s.in), gradient = b.random(s.n, s.in);
    float* const values = b.poison(static_cast<std::size_t>(weights.layout.padded_cols()));
    b.backend.add_penalty({weights, gradient, 0.01f, 0.02f, values});
    b.backend.finish();
    b.result("penalty", values, static_cast<std::size_t>(s.in));
    b.result("gradient of the penalty", gradient, true);
  }
}

}  // namespace

std::vector<Check> all_checks() {
  return {{"matmul", check_matmul},
          {"input_gradient", check_input_gradient},
          {"weight_gradient", check_weight_gradient},
          {"update", check_update},
          {"activations", check_activations},
          {"varied activations", check_varied},
          {"scale_add, clamp, sum_of_squares", check_elementwise},
          {"dropout, fill_uniform", check_random},
          {"gather", check_gather},
          {"maxout", check_maxout},
          {"column_sums", check_column_sums},
          {"convolution", check_convolution},
          {"pool", check_pool},
          {"flatten", check_flatten},
          {"batch_norm", check_batch_norm},
          {"layer_norm", check_layer_norm},
          {"softmax_cross_entropy", check_loss},
          {"add_penalty", check_penalty}};
}

}  // namespace reluscope::cuda
