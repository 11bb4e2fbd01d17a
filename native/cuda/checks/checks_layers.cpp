// Checks of activations, pooling, normalisation, losses and penalties.
#include <algorithm>
#include <limits>

#include "backend/cpu/kernels.h"
#include "cuda/checks/checks.h"

namespace reluscope::cuda {
namespace {

void check_activations(Bench& b) {
  for (ActivationId id = 0; id < activation_count(); ++id) {
    const float* const p = b.parameters(id);
    constexpr std::size_t kFloats = 16 * 65;
    const float* const x = b.array(kFloats, -6.0f, 6.0f);
    const float* const dy = b.array(kFloats, -2.0f, 2.0f);
    const std::string name = activation_info(id).name;
    const auto output = [&](const char* what) { return b.output(name + what, 1, kFloats).data; };
    b.backend.activate(ActivationOp::kForward, id, p, x, nullptr, output(""), kFloats);
    b.backend.activate(ActivationOp::kBackward, id, p, x, dy, output(" backward"), kFloats);
    b.backend.activate(ActivationOp::kParameter, id, p, x, dy, output(" by its parameter"),
                       kFloats);
  }
}

void check_varied(Bench& b) {
  for (ActivationId id = 0; id < activation_count(); ++id) {
    if (!activation_varies(activation_info(id))) continue;
    for (const Sizes& s : kShapes) {
      for (const bool by_row : {false, true}) {
        const MatrixView x = b.random(s.n, s.in, -4.0f, 4.0f), dy = b.random(s.n, s.in);
        const MatrixView p = b.random(by_row ? s.n : 1, s.in, -1.0f, 1.5f);
        const VariedParameter varied{p.data, by_row};
        const std::string name = std::string("varied ") + activation_info(id).name;
        b.backend.activate_varied(ActivationOp::kForward, id, varied, x, {},
                                  b.output(name, s.n, s.in));
        b.backend.activate_varied(ActivationOp::kBackward, id, varied, x, dy,
                                  b.output(name + " backward", s.n, s.in, true));
        b.backend.activate_varied(ActivationOp::kParameter, id, varied, x, dy,
                                  b.output(name + " by its parameter", s.n, s.in, true));
      }
    }
  }
}

void check_elementwise(Bench& b) {
  for (const int count : {1, 16, 255, 5000}) {
    const auto n = static_cast<std::size_t>(count);
    float *const a = b.array(n, -2.0f, 2.0f), *const x = b.array(n, -2.0f, 2.0f);
    b.backend.scale_add(a, -0.4242f, x, b.output("scale_add", 1, count).data, n);
    b.backend.scale_add(nullptr, -0.4242f, x, b.output("scale_add of one", 1, count).data, n);
    b.backend.scale_add(a, 3.0f, x, a, n);
    b.result("scale_add in place", {a, {1, count}});
    b.backend.clamp(x, 0.75f, n);
    b.result("clamp", {x, {1, count}});
    b.host_result("sum_of_squares", {static_cast<float>(b.backend.sum_of_squares(x, n))});
  }
}

void check_maxout(Bench& b) {
  for (const int area : {1, 6}) {
    for (const int pieces : {2, 3}) {
      for (const int channels : {1, 5, 33}) {
        const int out = channels * area, in = out * pieces;
        const MatrixView x = b.random(7, in), dy = b.random(7, out);
        for (int c = 0; c < in; ++c) x.at(3, c) = 0.5f;  // equal pieces: the first one wins
        x.at(5, 0) = std::numeric_limits<float>::quiet_NaN();
        b.backend.maxout_forward(x, pieces, area, b.output("maxout", 7, out, true));
        b.backend.maxout_backward(x, dy, pieces, area, b.output("maxout backward", 7, in, true));
      }
    }
  }
}

struct Pooled {
  int samples, channels;
  Window window;
};
constexpr Pooled kPools[] = {
    {1, 1, {1, 1, 1, 1}},  {2, 3, {5, 5, 2, 2, 2}}, {3, 17, {7, 6, 3, 3, 2}}, {2, 33, {5, 4, 3, 3}},
    {5, 48, {7, 7, 7, 7}}, {2, 5, {3, 17, 3, 17}},  {1, 16, {8, 9, 2, 2, 3}}};

void check_pool(Bench& b) {
  for (const Pooling kind : {Pooling::kMax, Pooling::kAverage}) {
    for (const auto& [samples, channels, window] : kPools) {
      const int in_rows = samples * window.pixels(), out_rows = samples * window.out_pixels();
      const MatrixView x = b.random(in_rows, channels), dy = b.random(out_rows, channels);
      // Few distinct values, so that windows have several maxima.
      for (int r = 0; r < in_rows; ++r) {
        for (int c = 0; c < channels; ++c) x.at(r, c) = static_cast<float>(b.below(4)) - 2.0f;
      }
      if (samples > 1) x.at(1, 0) = std::numeric_limits<float>::quiet_NaN();
      b.backend.pool(kind, window, x, b.output("pool", out_rows, channels));
      b.backend.pool_backward(kind, window, x, dy,
                              b.output("pool backward", in_rows, channels, true));
    }
  }
}

void check_flatten(Bench& b) {
  for (const int channels : {1, 5, 32, 33}) {
    for (const int pixels : {1, 6, 49}) {
      const MatrixView image = b.random(3 * pixels, channels),
                       features = b.output("flatten", 3, pixels * channels, true);
      b.backend.flatten(image, pixels, features);
      b.backend.unflatten(features, pixels, b.output("unflatten", 3 * pixels, channels, true));
    }
  }
}

void check_batch_norm(Bench& b) {
  for (const Sizes& s : kShapes) {
    for (const int rows : {s.n + 1, 128, 300}) {
      for (const bool train : {true, false}) {
        const MatrixView x = b.random(rows, s.in, 2.0f, 5.0f), dy = b.random(rows, s.in),
                         z = b.random(rows, s.in);
        const MatrixView weight = b.random(1, s.in, 0.5f, 1.5f), bias = b.random(1, s.in);
        const MatrixView mean = b.random(1, s.in), var = b.random(1, s.in, 0.5f, 2.0f),
                         batches = b.filled(1, 1, 4.0f);
        const MatrixView own_mean = b.poisoned(1, s.in), inverse = b.poisoned(1, s.in);
        b.result("running mean", mean);
        b.result("running variance", var);
        b.result("batches", batches);
        const BatchNormalisation norm{.train = train,
                                      .epsilon = 1e-5,
                                      .momentum = 0.1,
                                      .weight = weight.data,
                                      .bias = bias.data,
                                      .running_mean = mean.data,
                                      .running_var = var.data,
                                      .batches = batches.data,
                                      .mean = own_mean.data,
                                      .inverse_deviation = inverse.data,
                                      .scratch = b.poison(batch_norm_scratch(x.layout))};
        const ActivationId id = find_activation("relu");
        const MatrixView after = b.output("activation after it", rows, s.in),
                         dx = b.poisoned(rows, s.in);
        b.backend.batch_norm(norm, x, b.output("batch_norm", rows, s.in, true),
                             {id, nullptr, after.data});
        b.backend.batch_norm_backward(
            norm, x, dy, dx, b.output("batch_norm dweight", 1, s.in, true).data,
            b.output("batch_norm dbias", 1, s.in, true).data, {id, nullptr, z.data});
        b.backend.finish();
        double terms = 0.0;  // the terms of two samples nearly cancel
        for (int c = 0; c < s.in; ++c)
          terms = std::max(terms, static_cast<double>(weight.at(0, c) * inverse.at(0, c)));
        b.result("batch_norm dx", dx, true, terms);
      }
    }
  }
}

void check_layer_norm(Bench& b) {
  for (const Sizes& s : kShapes) {
    for (const int rows : {1, 9}) {  // features; images of 9 pixels
      const int samples = std::min(s.n, 6);
      const MatrixView x = b.random(samples * rows, s.in, 1.0f, 4.0f),
                       dy = b.random(samples * rows, s.in);
      const MatrixView weight = b.random(rows, s.in, 0.5f, 1.5f), bias = b.random(rows, s.in);
      const LayerNormalisation norm{.weight = weight,
                                    .bias = bias,
                                    .moments = b.poison(2 * static_cast<std::size_t>(samples)),
                                    .epsilon = 1e-5};
      b.backend.run(LayerNormForward{norm, x, b.output("layer_norm", samples * rows, s.in)});
      b.backend.run(LayerNormBackward{norm, x, dy,
                                      b.output("layer_norm dx", samples * rows, s.in, true).data});
      b.backend.run(LayerNormParameters{norm, x, dy,
                                        b.output("layer_norm dweight", rows, s.in, true).data,
                                        b.output("layer_norm dbias", rows, s.in, true).data});
    }
  }
}

void check_group_norm(Bench& b) {
  for (const Sizes& s : kShapes) {
    for (const int pixels : {1, 9}) {  // of features, and of images
      for (const int groups : {1, s.in % 5 == 0 ? 5 : 2, s.in}) {
        if (s.in % groups != 0 || s.in / groups * pixels < 3) continue;  // nearly all cancels
        if (groups > 33) continue;  // a block each: a minute on the emulator
        const int samples = std::min(s.n, 6), rows = samples * pixels;
        const MatrixView x = b.random(rows, s.in, 1.0f, 4.0f), dy = b.random(rows, s.in);
        const MatrixView weight = b.random(1, s.in, 0.5f, 1.5f), bias = b.random(1, s.in);
        const GroupNormalisation norm{.weight = weight.data,
                                      .bias = bias.data,
                                      .epsilon = 1e-5,
                                      .groups = groups,
                                      .pixels = pixels};
        const MatrixView sums = b.poisoned(2 * samples, s.in);
        b.backend.run(GroupNormForward{norm, x, b.output("group_norm", rows, s.in)});
        b.backend.run(
            GroupNormBackward{norm, x, dy, b.output("group_norm dx", rows, s.in, true).data, sums});
        b.backend.run(GroupNormParameters{sums, b.output("group_norm dweight", 1, s.in, true).data,
                                          b.output("group_norm dbias", 1, s.in, true).data});
      }
    }
  }
}

void check_loss(Bench& b) {
  for (const int classes : {2, 10, 33, 256}) {
    for (const int rows : {1, 17, 64}) {
      for (const bool weighted : {false, true}) {
        const MatrixView z = b.random(rows, classes, -8.0f, 8.0f);
        std::vector<std::uint8_t> labels, correct(static_cast<std::size_t>(rows), 9);
        std::vector<float> losses(rows), weights;
        for (int r = 0; r < rows; ++r)
          labels.push_back(static_cast<std::uint8_t>(b.below(classes)));
        for (int c = 0; c < classes; ++c) weights.push_back(b.real(0.5f, 2.0f));
        const MatrixView slopes = b.output("dlogits", rows, classes, true);
        SoftmaxLoss loss{z, labels.data(), 0.25f, losses.data(), correct.data(), slopes.data};
        auto* const there = reinterpret_cast<std::uint8_t*>(b.poison(labels.size()));
        std::copy(labels.begin(), labels.end(), there);
        if (rows > 1) loss.gathered_labels = there;
        if (weighted) {
          loss.label_smoothing = 0.1f;
          loss.class_weights = weights.data();
        }
        b.backend.softmax_cross_entropy(loss);
        b.backend.softmax(z, b.output("softmax", rows, classes, true));
        b.host_result("losses", losses);
        b.host_result("correct", {correct.begin(), correct.end()});
      }
    }
  }
}

void check_penalty(Bench& b) {
  for (const Sizes& s : kShapes) {
    const MatrixView weights = b.random(s.n, s.in), gradient = b.random(s.n, s.in);
    b.result("gradient of the penalty", gradient, true);
    b.backend.add_penalty({weights, gradient, 0.01f, 0.02f, b.output("penalty", 1, s.in).data});
  }
}

}  // namespace

std::vector<Check> layer_checks() {
  return {{"activations", check_activations},
          {"varied activations", check_varied},
          {"scale_add, clamp, sum_of_squares", check_elementwise},
          {"maxout", check_maxout},
          {"pool", check_pool},
          {"flatten", check_flatten},
          {"batch_norm", check_batch_norm},
          {"layer_norm", check_layer_norm},
          {"group_norm", check_group_norm},
          {"softmax_cross_entropy", check_loss},
          {"add_penalty", check_penalty}};
}

}  // namespace reluscope::cuda
