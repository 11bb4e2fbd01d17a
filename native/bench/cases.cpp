#include "bench/cases.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "core/rng.h"
#include "data/batcher.h"
#include "data/dataset.h"
#include "nn/activation.h"
#include "optim/optimizer.h"

namespace reluscope::bench {
namespace {

constexpr int kBatch = 64, kHidden = 512, kClasses = 10, kWide = 1024;
constexpr int kSide = 28, kPixels = kSide * kSide;
constexpr std::size_t kParameterCount = 407'056;  // 407,050 of 784-512-10, padded
constexpr std::size_t kFloat = sizeof(float);

std::string product_text(int n, int k, int m) {
  return std::to_string(n) + "x" + std::to_string(k) + " . " + std::to_string(k) + "x" +
         std::to_string(m);
}

// Random numbers in (-1, 1), different for each buffer.
Buffer filled(std::size_t floats) {
  static std::uint32_t made = 0;
  const Rng rng(1, Purpose::kInit, ++made);
  Buffer buffer(floats);
  for (std::size_t i = 0; i < floats; ++i) {
    buffer.data()[i] = static_cast<float>(2.0 * rng.uniform(i) - 1.0);
  }
  return buffer;
}

struct Owned {  // a matrix and its memory
  Layout layout;
  Buffer memory;

  Owned(int rows, int cols) : layout{rows, cols}, memory(filled(layout.size())) {}
  MatrixView view() { return {memory.data(), layout}; }
  ConstMatrixView read() const { return {memory.data(), layout}; }
};

// The buffers of an optimizer ("": gradients are stored). The gradient is the same in every run, so
// the steps are tiny to keep the weights nearly constant.
struct Parameters {
  Buffer weights, gradient;
  std::unique_ptr<Optimizer> optimizer;  // null: gradients are stored

  Parameters(std::size_t floats, const std::string& rule)
      : weights(filled(floats)), gradient(filled(floats)) {
    if (rule.empty()) return;
    optimizer = make_optimizer(rule, {.momentum = 0.9}, floats);
    optimizer->begin_step(1e-9);
  }

  ParameterUpdate update() {
    if (optimizer == nullptr) return {.gradient = gradient.data()};
    return optimizer->update_at(0, weights.data(), gradient.data());
  }
};

const float* activation_initials(ActivationId id, std::vector<float>& storage) {
  for (const ActivationParameter& p : activation_info(id).parameters) {
    storage.push_back(static_cast<float>(p.initial));
  }
  storage.push_back(0.0f);  // for activations without parameters
  return storage.data();
}

// ---- Dense products -----------------------------------------------------------------------------

Case forward(std::string name, int n, int in, int out, bool with_rest = false) {
  struct Operands {
    Owned x, w, product, y;
    Buffer bias;
    Operands(int samples, int from, int to)
        : x(samples, from),
          w(from, to),
          product(samples, to),
          y(samples, to),
          bias(filled(static_cast<std::size_t>(w.layout.padded_cols()))) {}
  };
  const Product product{Product::Kind::kForward, n, in, out};
  Case result{std::move(name), product_text(n, in, out), product.operations()};
  if (!with_rest) result.product = product;
  result.make = [=](Backend& backend) -> Run {
    const auto o = std::make_shared<Operands>(n, in, out);
    const ActivationId relu = find_activation("relu");
    return [=, &backend] {
      const ActivationAfter after =
          with_rest ? ActivationAfter{relu, nullptr, o->y.memory.data()} : ActivationAfter{};
      backend.matmul({o->x.read()}, o->w.read(), with_rest ? o->bias.data() : nullptr,
                     o->product.view(), after);
    };
  };
  return result;
}

Case input_gradient(std::string name, int n, int in, int out) {
  struct Operands {
    Owned dy, w, dx;
    Buffer scratch;
    Operands(int samples, int from, int to)
        : dy(samples, to),
          w(from, to),
          dx(samples, from),
          scratch(input_gradient_scratch(samples, from, to)) {}
  };
  const Product product{Product::Kind::kInputGradient, n, in, out};
  Case result{std::move(name), product_text(n, out, in), product.operations()};
  result.product = product;
  result.make = [=](Backend& backend) -> Run {
    const auto o = std::make_shared<Operands>(n, in, out);
    return [=, &backend] {
      backend.input_gradient(o->dy.read(), o->w.read(), o->dx.view(), o->scratch.data(), {});
    };
  };
  return result;
}

Case weight_gradient(std::string name, int n, int in, int out, const std::string& rule) {
  struct Operands {
    Owned x, dy;
    Parameters parameters;
    Operands(int samples, int from, int to, const std::string& rule)
        : x(samples, from), dy(samples, to), parameters(Layout{from, to}.size(), rule) {}
  };
  const Product product{Product::Kind::kWeightGradient, n, in, out};
  Case result{std::move(name), product_text(in, n, out), product.operations()};
  if (rule.empty()) result.product = product;
  result.make = [=](Backend& backend) -> Run {
    const auto o = std::make_shared<Operands>(n, in, out, rule);
    return [=, &backend] {
      backend.weight_gradient({o->x.read()}, o->dy.read(), nullptr, o->parameters.update(),
                              nullptr);
    };
  };
  return result;
}

// ---- Convolutions -------------------------------------------------------------------------------

// 3x3 with padding 1: image and output have the same size.
Case convolution(std::string name, Product::Kind kind, int side, int in, int out) {
  const Window window{
      .height = side, .width = side, .kernel_height = 3, .kernel_width = 3, .padding = 1};
  struct Operands {
    Owned x, w, y, dx;
    Buffer bias, turned;
    Parameters parameters;
    Operands(int rows, int from, int to)
        : x(rows, from),
          w(9 * from, to),
          y(rows, to),
          dx(rows, from),
          bias(filled(static_cast<std::size_t>(w.layout.padded_cols()))),
          turned(Layout{9 * to, from}.size()),
          parameters(w.layout.size(), "") {}
  };
  const int rows = kBatch * window.out_pixels();
  Case result{std::move(name), product_text(rows, 9 * in, out), 2.0 * rows * 9 * in * out};
  result.make = [=](Backend& backend) -> Run {
    backend.reserve(convolution_workspace(window, in, out));
    const auto o = std::make_shared<Operands>(rows, in, out);
    switch (kind) {
      case Product::Kind::kForward:
        return [=, &backend] {
          backend.convolve(window, o->x.read(), o->w.read(), o->bias.data(), o->y.view(), {});
        };
      case Product::Kind::kInputGradient:
        return [=, &backend] {
          backend.convolve_input_gradient(window, o->y.read(), o->w.read(), o->dx.view(),
                                          o->turned.data(), {});
        };
      case Product::Kind::kWeightGradient: break;
    }
    return [=, &backend] {
      backend.convolve_weight_gradient(window, o->x.read(), o->y.read(), o->parameters.update());
    };
  };
  return result;
}

// ---- Sparse products, of images as dense as MNIST's ---------------------------------------------

// Each of 20 rows has a run of 6 to 9 pixels that differ from the background: 150 of 784, or 19.1%.
constexpr int kImageEntries = 150;

ImageSet images(int count) {
  std::vector<std::uint8_t> pixels(std::size_t{kPixels} * count), labels;
  const Rng rng(1, Purpose::kShuffle, 1);
  for (int i = 0; i < count; ++i) {
    for (int r = 0; r < 20; ++r) {
      const std::uint32_t word = rng.bits(static_cast<std::uint64_t>(i) * 20 + r)[0];
      const int length = 6 + r % 4, begin = 4 + static_cast<int>(word % 12);
      std::fill_n(pixels.begin() + i * kPixels + (4 + r) * kSide + begin, length,
                  static_cast<std::uint8_t>(1 + (word >> 8) % 255));
    }
    labels.push_back(static_cast<std::uint8_t>(i % kClasses));
  }
  return {kSide, kSide, std::move(pixels), std::move(labels)};
}

struct Batches {  // made of such images
  ImageSet set;
  Batcher batcher;

  Batches(int count, bool sparse, Backend& backend)
      : set(images(count)),
        batcher({.pixels = kPixels,
                 .train_rows = kBatch,
                 .evaluate_rows = kBatch,
                 .table = sparse ? pixel_table(0.1307, 0.3081, 0) : pixel_table(0.1307, 0.3081),
                 .sparse = sparse,
                 .background = 0},
                backend) {
    batcher.shuffle(1, 1, count);
  }
};

Case sparse_forward(std::string name) {
  struct Operands {
    Batches batches;
    Signal x;
    Owned w, y;
    Buffer start;
    explicit Operands(Backend& backend)
        : batches(kBatch, true, backend),
          x(batches.batcher.shuffled(batches.set, 0, kBatch).input),
          w(kPixels, kHidden),
          y(kBatch, kHidden),
          start(filled(kHidden)) {}
  };
  Case result{std::move(name), product_text(kBatch, kPixels, kHidden),
              2.0 * kBatch * kImageEntries * kHidden};
  result.make = [](Backend& backend) -> Run {
    const auto o = std::make_shared<Operands>(backend);
    return [=, &backend] { backend.matmul(o->x, o->w.read(), o->start.data(), o->y.view(), {}); };
  };
  return result;
}

Case sparse_weight_gradient(std::string name, const std::string& rule) {
  struct Operands {
    Batches batches;
    Signal x;
    Owned dy;
    Parameters parameters;
    Buffer start, sums;
    Operands(Backend& backend, const std::string& rule)
        : batches(kBatch, true, backend),
          x(batches.batcher.shuffled(batches.set, 0, kBatch).input),
          dy(kBatch, kHidden),
          parameters(Layout{kPixels, kHidden}.size(), rule),
          start(filled(kHidden)),
          sums(kHidden) {}
  };
  Case result{std::move(name), product_text(kPixels, kBatch, kHidden),
              2.0 * kBatch * kImageEntries * kHidden};
  result.make = [=](Backend& backend) -> Run {
    const auto o = std::make_shared<Operands>(backend, rule);
    return [=, &backend] {
      backend.weight_gradient(o->x, o->dy.read(), o->start.data(), o->parameters.update(),
                              o->sums.data());
    };
  };
  return result;
}

// ---- Kernels limited by memory ------------------------------------------------------------------

Case moving(std::string name, std::string size, double bytes, Stream stream, std::size_t floats) {
  Case result{std::move(name), std::move(size)};
  result.bytes = bytes;
  result.stream = stream;
  result.floats = floats;
  return result;
}

Case column_sums(std::string name, int rows, int cols) {
  const std::size_t floats = Layout{rows, cols}.size();
  Case result = moving(std::move(name), std::to_string(rows) + "x" + std::to_string(cols),
                       static_cast<double>(floats * kFloat), Stream::kRead, floats);
  result.make = [=](Backend& backend) -> Run {
    const auto x = std::make_shared<Owned>(rows, cols);
    const auto sums = std::make_shared<Buffer>(x->layout.padded_cols());
    return [=, &backend] { backend.column_sums(x->read(), sums->data()); };
  };
  return result;
}

Case scale_add(std::string name) {
  constexpr std::size_t kFloats = kHidden;
  Case result =
      moving(std::move(name), "512", 3.0 * kFloats * kFloat, Stream::kCombine, 3 * kFloats);
  result.make = [](Backend& backend) -> Run {
    struct Operands {
      Buffer a = filled(kFloats), x = filled(kFloats), y{kFloats};
    };
    const auto o = std::make_shared<Operands>();
    return
        [=, &backend] { backend.scale_add(o->a.data(), 0.5f, o->x.data(), o->y.data(), kFloats); };
  };
  return result;
}

enum class Part { kForward, kBackward, kParameter };

Case activation(ActivationId id, Part part) {
  constexpr std::size_t kFloats = std::size_t{kBatch} * kHidden;
  constexpr const char* kNames[] = {" forward", " backward", " parameter"};
  // Forward reads x and writes y; the others read x and dy and write a third array.
  const bool forward = part == Part::kForward;
  const std::size_t floats = (forward ? 2 : 3) * kFloats;
  Case result = moving(activation_info(id).name + std::string(kNames[static_cast<int>(part)]),
                       "64x512", static_cast<double>(floats * kFloat),
                       forward ? Stream::kCopy : Stream::kCombine, floats);
  result.make = [=](Backend& backend) -> Run {
    struct Operands {
      Buffer x = filled(kFloats), dy = filled(kFloats), to{kFloats};
      std::vector<float> storage;
    };
    const auto o = std::make_shared<Operands>();
    const float* const p = activation_initials(id, o->storage);
    switch (part) {
      case Part::kForward:
        return [=, &backend] {
          backend.activation_forward(id, p, o->x.data(), o->to.data(), kFloats);
        };
      case Part::kBackward:
        return [=, &backend] {
          backend.activation_backward(id, p, o->x.data(), o->dy.data(), o->to.data(), kFloats);
        };
      case Part::kParameter: break;
    }
    return [=, &backend] {
      backend.activation_parameter(id, p, o->x.data(), o->dy.data(), o->to.data(), kFloats);
    };
  };
  return result;
}

// Reads the logits and writes as many floats; the loss also reads labels and writes losses and
// hits.
Case softmax(std::string name, bool with_loss) {
  const Layout layout{kBatch, kClasses};
  const std::size_t padded = layout.size();
  const std::size_t bytes =
      (std::size_t{kBatch} * kClasses + padded) * kFloat + (with_loss ? kBatch * (kFloat + 2) : 0);
  Case result =
      moving(std::move(name), "64x10", static_cast<double>(bytes), Stream::kCopy, 2 * padded);
  result.make = [=](Backend& backend) -> Run {
    struct Operands {
      Owned logits{kBatch, kClasses}, to{kBatch, kClasses};
      Buffer losses{kBatch};
      std::vector<std::uint8_t> labels = std::vector<std::uint8_t>(kBatch, 3), correct = labels;
    };
    const auto o = std::make_shared<Operands>();
    if (!with_loss) {
      return [=, &backend] { backend.softmax(o->logits.read(), o->to.view()); };
    }
    return [=, &backend] {
      backend.softmax_cross_entropy({o->logits.read(), o->labels.data(), 1.0f / kBatch,
                                     o->losses.data(), o->correct.data(), o->to.memory.data()});
    };
  };
  return result;
}

// The update with a stored gradient. Adam reads weight, gradient and two moments and writes all but
// the gradient: 28 bytes for each parameter, in place in 16. SGD with momentum: 20 bytes in 12.
Case optimizer(std::string name, const std::string& rule) {
  const std::size_t operands = rule == "adam" ? 4 : 3;
  Case result = moving(std::move(name), "407050",
                       static_cast<double>((2 * operands - 1) * kFloat * kParameterCount),
                       Stream::kUpdate, operands * kParameterCount);
  result.make = [=](Backend& backend) -> Run {
    const auto o = std::make_shared<Parameters>(kParameterCount, rule);
    return [=, &backend] { backend.update(o->update(), kParameterCount); };
  };
  return result;
}

// ---- Preparation of data ------------------------------------------------------------------------

// Reads pixels as bytes; writes floats, or two lists of entries.
Case batch(std::string name, bool sparse) {
  constexpr int kCount = 20'000;
  constexpr std::size_t kEntryBytes = std::size_t{2} * kBatch * kImageEntries * sizeof(SparseEntry);
  const std::size_t written = sparse ? kEntryBytes : Layout{kBatch, kPixels}.size() * kFloat;
  Case result = moving(std::move(name), "64 of 20000",
                       static_cast<double>(std::size_t{kBatch} * kPixels + written), Stream::kCopy,
                       2 * written / kFloat);
  result.make = [=](Backend& backend) -> Run {
    const auto batches = std::make_shared<Batches>(kCount, sparse, backend);
    const auto first = std::make_shared<int>(0);
    return [=] {
      batches->batcher.shuffled(batches->set, *first, kBatch);
      *first = (*first + kBatch) % (kCount - kBatch);
    };
  };
  return result;
}

// Writes a random word and an index for every sample (8 bytes), then sorts them in four passes that
// each read and write them.
Case shuffle(std::string name) {
  constexpr int kCount = 60'000;
  constexpr std::size_t kPlaceBytes = 8 * kCount;
  Case result =
      moving(std::move(name), "60000", 9.0 * kPlaceBytes, Stream::kCopy, 2 * kPlaceBytes / kFloat);
  result.make = [](Backend& backend) -> Run {
    const auto batches = std::make_shared<Batches>(1, true, backend);
    return [=] { batches->batcher.shuffle(1, 1, kCount); };
  };
  return result;
}

}  // namespace

std::vector<Case> kernel_cases() {
  std::vector<Case> cases{
      // The peak of the inner loops: one panel of 32 columns, operands in the L1 cache, and a
      // number
      // of rows that the tiles of every target divide.
      forward("micro-kernel", 60, 64, 32),
      forward("forward 1", kBatch, kPixels, kHidden),
      forward("forward 2", kBatch, kHidden, kClasses),
      forward("forward wide", kBatch, kWide, kWide),
      forward("forward 1, bias and relu", kBatch, kPixels, kHidden, true),
      forward("forward wide, bias and relu", kBatch, kWide, kWide, true),
      input_gradient("input gradient 2", kBatch, kHidden, kClasses),
      input_gradient("input gradient wide", kBatch, kWide, kWide),
      weight_gradient("weight gradient 1", kBatch, kPixels, kHidden, ""),
      weight_gradient("weight gradient 2", kBatch, kHidden, kClasses, ""),
      weight_gradient("weight gradient wide", kBatch, kWide, kWide, ""),
      weight_gradient("weight gradient 1, adam", kBatch, kPixels, kHidden, "adam"),
      weight_gradient("weight gradient 2, adam", kBatch, kHidden, kClasses, "adam"),
      weight_gradient("weight gradient wide, adam", kBatch, kWide, kWide, "adam"),
      convolution("conv 1 forward", Product::Kind::kForward, kSide, 1, 32),
      convolution("conv 1 weight gradient", Product::Kind::kWeightGradient, kSide, 1, 32),
      convolution("conv 2 forward", Product::Kind::kForward, kSide / 2, 32, 64),
      convolution("conv 2 input gradient", Product::Kind::kInputGradient, kSide / 2, 32, 64),
      convolution("conv 2 weight gradient", Product::Kind::kWeightGradient, kSide / 2, 32, 64),
      sparse_forward("sparse forward 1"),
      sparse_weight_gradient("sparse weight gradient 1", ""),
      sparse_weight_gradient("sparse weight gradient 1, adam", "adam"),
      column_sums("column sums", kBatch, kHidden),
      column_sums("column sums", kPixels, kHidden),
      scale_add("scale and add"),
  };
  for (ActivationId id = 0; id < activation_count(); ++id) {
    cases.push_back(activation(id, Part::kForward));
    cases.push_back(activation(id, Part::kBackward));
    const auto parameters = activation_info(id).parameters;
    if (!parameters.empty() && parameters.front().learnable) {
      cases.push_back(activation(id, Part::kParameter));
    }
  }
  cases.push_back(softmax("softmax cross-entropy", true));
  cases.push_back(softmax("softmax", false));
  cases.push_back(optimizer("adam", "adam"));
  cases.push_back(optimizer("sgd", "sgd"));
  cases.push_back(batch("batch, sparse", true));
  cases.push_back(batch("batch, dense", false));
  cases.push_back(shuffle("shuffle"));
  return cases;
}

}  // namespace reluscope::bench
