#include "bench/cases.h"

#include <algorithm>
#include <cstdint>
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

// Random numbers in (-1, 1), different for each array.
float* array(Operands& kept, std::size_t floats) {
  static std::uint32_t made = 0;
  const Rng rng(1, Purpose::kInit, ++made);
  const auto buffer = std::make_shared<Buffer>(floats);
  for (std::size_t i = 0; i < floats; ++i) {
    buffer->data()[i] = static_cast<float>(2.0 * rng.uniform(i) - 1.0);
  }
  kept.push_back(buffer);
  return buffer->data();
}

MatrixView matrix(Operands& kept, int rows, int cols) {
  const Layout layout{rows, cols};
  return {array(kept, layout.size()), layout};
}

// An optimizer's update ("": gradients are stored). The gradient is the same in every run, so the
// steps are tiny to keep the weights nearly constant.
ParameterUpdate update_of(Operands& kept, std::size_t floats, const std::string& rule) {
  float* const gradient = array(kept, floats);
  if (rule.empty()) return {.gradient = gradient};
  const std::shared_ptr<Optimizer> optimizer = make_optimizer(rule, {.momentum = 0.9}, floats);
  optimizer->begin_step(1e-9);
  kept.push_back(optimizer);
  return optimizer->update_at(0, array(kept, floats), gradient);
}

// ---- Dense products -----------------------------------------------------------------------------

// then: the activation after the product, which also gets a bias, or the optimizer; "": neither.
Case dense(const std::string& name, Product::Kind kind, int n, int in, int out,
           const std::string& then = "") {
  const Product product{kind, n, in, out};
  const bool forward = kind == Product::Kind::kForward;
  Case result{name,
              forward                                 ? product_text(n, in, out)
              : kind == Product::Kind::kInputGradient ? product_text(n, out, in)
                                                      : product_text(in, n, out),
              product.operations()};
  if (then.empty()) result.product = product;
  result.make = [=](Backend& backend, Operands& kept) -> Run {
    const MatrixView x = matrix(kept, n, in), w = matrix(kept, in, out), y = matrix(kept, n, out);
    if (forward) {
      const float* bias = nullptr;
      ActivationAfter after;
      if (!then.empty()) {
        bias = array(kept, static_cast<std::size_t>(w.layout.padded_cols()));
        after = {find_activation(then), nullptr, matrix(kept, n, out).data};
      }
      return [=, &backend] { backend.matmul({x}, w, bias, y, after); };
    }
    if (kind == Product::Kind::kInputGradient) {
      float* const scratch = array(kept, input_gradient_scratch(n, in, out));
      return [=, &backend] { backend.input_gradient(y, w, x, scratch, {}); };
    }
    const ParameterUpdate update = update_of(kept, w.layout.size(), then);
    return [=, &backend] { backend.weight_gradient({x}, y, nullptr, update, nullptr); };
  };
  return result;
}

// ---- Convolutions -------------------------------------------------------------------------------

// 3x3 with padding 1: image and output have the same size.
Case convolution(const std::string& name, Product::Kind kind, int side, int in, int out) {
  const Window window{
      .height = side, .width = side, .kernel_height = 3, .kernel_width = 3, .padding = 1};
  const int rows = kBatch * window.out_pixels();
  Case result{name, product_text(rows, 9 * in, out), 2.0 * rows * 9 * in * out};
  result.make = [=](Backend& backend, Operands& kept) -> Run {
    backend.reserve(convolution_workspace(window, in, out));
    const MatrixView x = matrix(kept, rows, in), w = matrix(kept, 9 * in, out),
                     y = matrix(kept, rows, out);
    if (kind == Product::Kind::kForward) {
      const float* const bias = array(kept, static_cast<std::size_t>(w.layout.padded_cols()));
      return [=, &backend] { backend.convolve(window, x, w, bias, y, {}); };
    }
    if (kind == Product::Kind::kInputGradient) {
      float* const turned = matrix(kept, 9 * out, in).data;
      return [=, &backend] { backend.convolve_input_gradient(window, y, w, x, turned, {}); };
    }
    const ParameterUpdate update = update_of(kept, w.layout.size(), "");
    return [=, &backend] { backend.convolve_weight_gradient(window, x, y, update); };
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

Case sparse(const std::string& name, Product::Kind kind, const std::string& rule = "") {
  const bool forward = kind == Product::Kind::kForward;
  Case result{
      name,
      forward ? product_text(kBatch, kPixels, kHidden) : product_text(kPixels, kBatch, kHidden),
      2.0 * kBatch * kImageEntries * kHidden};
  result.make = [=](Backend& backend, Operands& kept) -> Run {
    const auto batches = std::make_shared<Batches>(kBatch, true, backend);
    kept.push_back(batches);
    const Signal x = batches->batcher.shuffled(batches->set, 0, kBatch).input;
    const MatrixView y = matrix(kept, kBatch, kHidden);
    const float* const start = array(kept, kHidden);
    if (forward) {
      const MatrixView w = matrix(kept, kPixels, kHidden);
      return [=, &backend] { backend.matmul(x, w, start, y, {}); };
    }
    const ParameterUpdate update = update_of(kept, Layout{kPixels, kHidden}.size(), rule);
    float* const sums = array(kept, kHidden);
    return [=, &backend] { backend.weight_gradient(x, y, start, update, sums); };
  };
  return result;
}

// ---- Kernels limited by memory ------------------------------------------------------------------

using Make = std::function<Run(Backend&, Operands&)>;

Case moving(const std::string& name, const std::string& size, double bytes, Stream stream,
            std::size_t floats, const Make& make) {
  return {.name = name,
          .size = size,
          .amount = bytes,
          .stream = stream,
          .floats = floats,
          .make = make};
}

// Each float that the stream touches is read or written once.
Case moving(const std::string& name, const std::string& size, Stream stream, std::size_t floats,
            const Make& make) {
  return moving(name, size, static_cast<double>(floats * kFloat), stream, floats, make);
}

Case column_sums(const std::string& name, int rows, int cols) {
  return moving(name, std::to_string(rows) + "x" + std::to_string(cols), Stream::kRead,
                Layout{rows, cols}.size(), [=](Backend& backend, Operands& kept) -> Run {
                  const MatrixView x = matrix(kept, rows, cols), sums = matrix(kept, 1, cols);
                  return [=, &backend] { backend.column_sums(x, sums.data); };
                });
}

Case scale_add(const std::string& name) {
  return moving(name, "512", Stream::kCombine, 3 * kHidden,
                [](Backend& backend, Operands& kept) -> Run {
                  const float *const a = array(kept, kHidden), *const x = array(kept, kHidden);
                  float* const y = array(kept, kHidden);
                  return [=, &backend] { backend.scale_add(a, 0.5f, x, y, kHidden); };
                });
}

void add_activation(std::vector<Case>& cases, ActivationId id) {
  constexpr std::size_t kFloats = std::size_t{kBatch} * kHidden;
  const ActivationInfo& info = activation_info(id);
  std::vector<float> initial{0.0f};  // also for activations without parameters
  for (const ActivationParameter& p : info.parameters) {
    initial.insert(initial.end() - 1, static_cast<float>(p.initial));
  }
  // Forward reads x and writes y; the others read x and dy and write a third array.
  const auto add = [&](const char* name, ActivationOp op) {
    const bool forward = op == ActivationOp::kForward;
    cases.push_back(moving(
        info.name + std::string(name), "64x512", forward ? Stream::kCopy : Stream::kCombine,
        (forward ? 2 : 3) * kFloats, [=](Backend& backend, Operands& kept) -> Run {
          const float* const x = array(kept, kFloats);
          const float* const dy = forward ? nullptr : array(kept, kFloats);
          float* const to = array(kept, kFloats);
          return [=, &backend] { backend.activate(op, id, initial.data(), x, dy, to, kFloats); };
        }));
  };
  add(" forward", ActivationOp::kForward);
  add(" backward", ActivationOp::kBackward);
  if (activation_learns(info)) add(" parameter", ActivationOp::kParameter);
}

// Reads the logits and writes as many floats; the loss also reads labels and writes losses and
// hits.
Case softmax(const std::string& name, bool with_loss) {
  const std::size_t padded = Layout{kBatch, kClasses}.size();
  const std::size_t bytes =
      (std::size_t{kBatch} * kClasses + padded) * kFloat + (with_loss ? kBatch * (kFloat + 2) : 0);
  return moving(name, "64x10", static_cast<double>(bytes), Stream::kCopy, 2 * padded,
                [=](Backend& backend, Operands& kept) -> Run {
                  const MatrixView logits = matrix(kept, kBatch, kClasses),
                                   to = matrix(kept, kBatch, kClasses);
                  if (!with_loss) return [=, &backend] { backend.softmax(logits, to); };
                  const auto labels = std::make_shared<std::vector<std::uint8_t>>(kBatch, 3),
                             correct = std::make_shared<std::vector<std::uint8_t>>(kBatch);
                  float* const losses = array(kept, kBatch);
                  return [=, &backend] {
                    backend.softmax_cross_entropy(
                        {logits, labels->data(), 1.0f / kBatch, losses, correct->data(), to.data});
                  };
                });
}

// The update with a stored gradient. Adam reads weight, gradient and two moments and writes all but
// the gradient: 28 bytes for each parameter, in place in 16. SGD with momentum: 20 bytes in 12.
Case optimizer(const std::string& rule) {
  const std::size_t operands = rule == "adam" ? 4 : 3;
  return moving(rule, "407050", static_cast<double>((2 * operands - 1) * kFloat * kParameterCount),
                Stream::kUpdate, operands * kParameterCount,
                [=](Backend& backend, Operands& kept) -> Run {
                  const ParameterUpdate update = update_of(kept, kParameterCount, rule);
                  return [=, &backend] { backend.update(update, kParameterCount); };
                });
}

// ---- Preparation of data ------------------------------------------------------------------------

// Reads pixels as bytes; writes floats, or two lists of entries.
Case batch(const std::string& name, bool sparse) {
  constexpr int kCount = 20'000;
  constexpr std::size_t kEntryBytes = std::size_t{2} * kBatch * kImageEntries * sizeof(SparseEntry);
  const std::size_t written = sparse ? kEntryBytes : Layout{kBatch, kPixels}.size() * kFloat;
  return moving(name, "64 of 20000", static_cast<double>(std::size_t{kBatch} * kPixels + written),
                Stream::kCopy, 2 * written / kFloat, [=](Backend& backend, Operands&) -> Run {
                  const auto batches = std::make_shared<Batches>(kCount, sparse, backend);
                  return [=, first = 0]() mutable {
                    batches->batcher.shuffled(batches->set, first, kBatch);
                    first = (first + kBatch) % (kCount - kBatch);
                  };
                });
}

// Writes a random word and an index for every sample (8 bytes), then sorts them in four passes that
// each read and write them.
Case shuffle(const std::string& name) {
  constexpr int kCount = 60'000;
  constexpr std::size_t kPlaceBytes = 8 * kCount;
  return moving(name, "60000", 9.0 * kPlaceBytes, Stream::kCopy, 2 * kPlaceBytes / kFloat,
                [](Backend& backend, Operands&) -> Run {
                  const auto batches = std::make_shared<Batches>(1, true, backend);
                  return [=] { batches->batcher.shuffle(1, 1, kCount); };
                });
}

}  // namespace

std::vector<Case> kernel_cases() {
  constexpr auto kForward = Product::Kind::kForward;
  constexpr auto kInputGradient = Product::Kind::kInputGradient;
  constexpr auto kWeightGradient = Product::Kind::kWeightGradient;
  std::vector<Case> cases{
      // The peak of the inner loops: one panel of 32 columns, operands in the L1 cache, and a
      // number of rows that the tiles of every target divide.
      dense("micro-kernel", kForward, 60, 64, 32),
      dense("forward 1", kForward, kBatch, kPixels, kHidden),
      dense("forward 2", kForward, kBatch, kHidden, kClasses),
      dense("forward wide", kForward, kBatch, kWide, kWide),
      dense("forward 1, bias and relu", kForward, kBatch, kPixels, kHidden, "relu"),
      dense("forward wide, bias and relu", kForward, kBatch, kWide, kWide, "relu"),
      dense("input gradient 2", kInputGradient, kBatch, kHidden, kClasses),
      dense("input gradient wide", kInputGradient, kBatch, kWide, kWide),
      dense("weight gradient 1", kWeightGradient, kBatch, kPixels, kHidden),
      dense("weight gradient 2", kWeightGradient, kBatch, kHidden, kClasses),
      dense("weight gradient wide", kWeightGradient, kBatch, kWide, kWide),
      dense("weight gradient 1, adam", kWeightGradient, kBatch, kPixels, kHidden, "adam"),
      dense("weight gradient 2, adam", kWeightGradient, kBatch, kHidden, kClasses, "adam"),
      dense("weight gradient wide, adam", kWeightGradient, kBatch, kWide, kWide, "adam"),
      convolution("conv 1 forward", kForward, kSide, 1, 32),
      convolution("conv 1 weight gradient", kWeightGradient, kSide, 1, 32),
      convolution("conv 2 forward", kForward, kSide / 2, 32, 64),
      convolution("conv 2 input gradient", kInputGradient, kSide / 2, 32, 64),
      convolution("conv 2 weight gradient", kWeightGradient, kSide / 2, 32, 64),
      sparse("sparse forward 1", kForward),
      sparse("sparse weight gradient 1", kWeightGradient),
      sparse("sparse weight gradient 1, adam", kWeightGradient, "adam"),
      column_sums("column sums", kBatch, kHidden),
      column_sums("column sums", kPixels, kHidden),
      scale_add("scale and add"),
  };
  for (ActivationId id = 0; id < activation_count(); ++id) add_activation(cases, id);
  cases.push_back(softmax("softmax cross-entropy", true));
  cases.push_back(softmax("softmax", false));
  cases.push_back(optimizer("adam"));
  cases.push_back(optimizer("sgd"));
  cases.push_back(batch("batch, sparse", true));
  cases.push_back(batch("batch, dense", false));
  cases.push_back(shuffle("shuffle"));
  return cases;
}

}  // namespace reluscope::bench
