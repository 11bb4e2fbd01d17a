#include "cuda/cuda_backend.h"

#include <algorithm>
#include <cstring>

#include "core/error.h"
#include "core/rng.h"

namespace reluscope::cuda {
namespace {

constexpr std::size_t kStagedBytes = std::size_t{4} << 20;
constexpr std::size_t kPatchFloats = std::size_t{1} << 24;  // of a convolution's patches at a time
constexpr std::size_t kMostReplays = 64;
constexpr int kSquareBlocks = 256;
constexpr int kLongRows = 1024;  // columns that are longer are added up in parts

std::size_t round_up(std::size_t value, std::size_t unit) { return (value + unit - 1) / unit * unit; }

int strips(const Layout& layout) { return layout.padded_cols() / kStrip; }
int sum_blocks(const Layout& layout) { return (layout.rows + kSumRows - 1) / kSumRows; }
constexpr Grid strip_grid(int blocks) { return {blocks, kStrip * kStripLanes}; }

}  // namespace

CudaBackend::CudaBackend(std::unique_ptr<Device> device, Precision precision, int threads)
    : device_(std::move(device)), name_(device_->name()), precision_(precision), pool_(threads) {
  if (precision == Precision::kTf32) name_ += ", tf32";
  if (precision == Precision::kBfloat16) name_ += ", bf16";
  stage(kStagedBytes);
  staged_bytes_ = 0;
  partial_sums_ = static_cast<double*>(device_->allocate_host(kSquareBlocks * sizeof(double)));
}

CudaBackend::~CudaBackend() {
  try {
    device_->wait();
  } catch (const Error&) {  // a lost device: whoever asked it for something has been told
  }
  replays_.clear();
  for (const auto& [host, copy] : images_) device_->release(copy);
  device_->release_host(staged_);
  device_->release_host(partial_sums_);
}

// --- The queue --------------------------------------------------------------------------------

template <class K>
void CudaBackend::push(const KernelInfo& kernel, const Grid& grid, const K& arguments) {
  Node& node = queue_.emplace_back();
  node.kernel = &kernel;
  node.grid = grid;
  std::memcpy(node.arguments.data(), &arguments, sizeof arguments);
}

void CudaBackend::push(const Product& product) {
  if (product.batches == 0 || product.n == 0) return;
  static_assert(sizeof product <= Node::kArgumentBytes);
  Node& node = queue_.emplace_back();
  std::memcpy(node.arguments.data(), &product, sizeof product);
}

// Run at first; made a graph of when it comes again; then only what differs is set.
void CudaBackend::submit() {
  if (queue_.empty()) return;
  const auto found = std::find_if(replays_.begin(), replays_.end(), [&](const Replay& replay) {
    return std::equal(replay.nodes.begin(), replay.nodes.end(), queue_.begin(), queue_.end(),
                      [](const Node& a, const Node& b) { return a.replaces(b); });
  });
  if (found == replays_.end()) {
    device_->run(queue_);
    if (replays_.size() == kMostReplays) replays_.erase(replays_.begin());
    replays_.push_back({queue_, nullptr});
  } else {
    if (found->graph == nullptr) {
      found->nodes = queue_;
      found->graph = device_->make_graph(queue_);
      ++graphs_made_;
    }
    for (std::size_t i = 0; i < queue_.size(); ++i) {
      if (found->nodes[i].same_arguments(queue_[i])) continue;
      device_->set_arguments(*found->graph, i, queue_[i]);
      found->nodes[i].arguments = queue_[i].arguments;
      ++arguments_set_;
    }
    device_->run(*found->graph);
  }
  queue_.clear();
}

void CudaBackend::finish() {
  submit();
  device_->wait();
  for (const Returned& one : returned_) std::memcpy(one.to, one.from, one.bytes);
  returned_.clear();
  staged_bytes_ = 0;
}

// Memory of the host that is free until the next finish().
std::byte* CudaBackend::stage(std::size_t bytes) {
  static constexpr std::size_t kUnit = 64;
  bytes = round_up(bytes, kUnit);
  if (staged_ == nullptr) staged_ = static_cast<std::byte*>(device_->allocate_host(kStagedBytes));
  if (bytes > kStagedBytes) {
    throw Error("device cuda: a batch needs " + std::to_string(bytes) + " bytes for its labels, but " +
                std::to_string(kStagedBytes) + " are set aside");
  }
  if (staged_bytes_ + bytes > kStagedBytes) finish();
  std::byte* const at = staged_ + staged_bytes_;
  staged_bytes_ += bytes;
  return at;
}

// What lies in it is good until the next call that uses it has been queued.
float* CudaBackend::workspace(std::size_t floats) {
  if (floats > workspace_.size()) {
    finish();
    workspace_ = Buffer();
    workspace_ = Buffer(align_up(floats), device_.get());
  }
  return workspace_.data();
}

void CudaBackend::reserve(std::size_t) {}  // threads need nothing of their own

Grid CudaBackend::grid_for(std::size_t n) const {
  constexpr std::size_t kMost = std::size_t{1} << 31;
  if (n >= kMost) {
    throw Error("device cuda: a matrix has " + std::to_string(n) +
                " floats, but fewer than 2^31 are allowed; a smaller batch makes it smaller");
  }
  const auto blocks = static_cast<int>((n + kThreads - 1) / kThreads);
  return {std::clamp(blocks, 1, device_->most_blocks()), kThreads};
}

// Those that are learnt lie where all parameters do; others are the host's.
ActivationParameters CudaBackend::parameters_of(ActivationId id, const float* p) const {
  ActivationParameters parameters{};
  if (id < 0) return parameters;
  const ActivationInfo& info = activation_info(id);
  if (activation_learns(info)) {
    parameters.at = p;
  } else {
    std::copy_n(p, info.parameters.size(), parameters.values);
  }
  return parameters;
}

// Images are copied once, when they are first asked for, and stay as bytes.
bool CudaBackend::gather(const Gathering& gathering) {
  constexpr std::size_t kTable = 256;
  if (table_.size() == 0) table_ = Buffer(kTable, device_.get());
  if (!std::equal(gathering.table, gathering.table + kTable, table_.data())) {
    finish();
    std::copy_n(gathering.table, kTable, table_.data());
  }
  const auto [images, is_new] = images_.try_emplace(gathering.images, nullptr);
  if (is_new) {
    const std::size_t bytes = static_cast<std::size_t>(gathering.count) * static_cast<std::size_t>(gathering.pixels);
    try {
      images->second = static_cast<std::uint8_t*>(device_->allocate(bytes));
    } catch (const Error&) {
      images_.erase(images);
      throw;
    }
    std::copy_n(gathering.images, bytes, images->second);
  }
  Gathering own = gathering;
  const auto rows = static_cast<std::size_t>(gathering.to.rows());
  auto* const samples = reinterpret_cast<int*>(stage(rows * sizeof(int)));
  std::copy_n(gathering.samples, rows, samples);
  own.samples = samples;
  own.images = images->second;
  own.table = table_.data();
  push(grid_for(gathering.to.layout.size()), Gather{own});
  return true;
}

// --- Products ---------------------------------------------------------------------------------

CudaBackend::Rows CudaBackend::rows_of(ConstMatrixView x, std::size_t& at) {
  if (x.layout.panels() == 1) return {x.data, x.layout.panel_width(0)};
  const int stride = x.layout.padded_cols();
  float* const to = workspace_.data() + at;
  at += align_up(x.layout.size());
  push(grid_for(x.layout.size()), Pack{x.data, to, x.layout, stride});
  return {to, stride};
}

namespace {

std::size_t rows_floats(const Layout& layout) {
  return layout.panels() == 1 ? 0 : align_up(layout.size());
}

// Panels of 32 columns, which lie evenly apart; there may be one of 16 behind them.
int wide_panels(const Layout& layout) {
  return layout.panels() - (layout.panel_width(layout.panels() - 1) < kPanel ? 1 : 0);
}

}  // namespace

void CudaBackend::multiply(Rows x, int rows, int depth, const float* w, const Layout& w_layout,
                           float* y, const Layout& y_layout, int first_row, bool accumulate) {
  const int wide = wide_panels(y_layout);
  Product p{false, false, accumulate, precision_, rows, kPanel, depth, x.data, w, y, x.stride, kPanel,
            kPanel, 0, std::int64_t{kPanel} * w_layout.rows, std::int64_t{kPanel} * y_layout.rows, wide};
  p.c = y + static_cast<std::ptrdiff_t>(first_row) * kPanel;
  push(p);
  if (wide == y_layout.panels()) return;
  p.b = w + w_layout.panel_offset(wide);
  p.c = y + y_layout.panel_offset(wide) + static_cast<std::ptrdiff_t>(first_row) * kPad;
  p.n = p.ldb = p.ldc = kPad;
  p.batches = 1;
  push(p);
}

void CudaBackend::multiply_transposed(Rows x, int rows, ConstMatrixView d, int first_row, MatrixView y,
                                      bool accumulate) {
  const int wide = wide_panels(y.layout);
  Product p{true, false, accumulate, precision_, y.rows(), kPanel, rows, x.data, d.data, y.data,
            x.stride, kPanel, kPanel, 0, std::int64_t{kPanel} * d.rows(),
            std::int64_t{kPanel} * y.rows(), wide};
  p.b = d.data + static_cast<std::ptrdiff_t>(first_row) * kPanel;
  push(p);
  if (wide == y.layout.panels()) return;
  p.b = d.panel(wide) + static_cast<std::ptrdiff_t>(first_row) * kPad;
  p.c = y.panel(wide);
  p.n = p.ldb = p.ldc = kPad;
  p.batches = 1;
  push(p);
}

void CudaBackend::finish_product(const float* start, MatrixView y, const ActivationAfter& after) {
  if (start == nullptr && after.id < 0) return;
  push(finish_product_kernel(after.id), grid_for(y.layout.size()),
       FinishProduct{parameters_of(after.id, after.p), start, y.data, after.y, y.layout});
}

void CudaBackend::finish_input_gradient(MatrixView dx, const ActivationBefore& before) {
  if (before.id < 0 && dx.cols() == dx.layout.padded_cols()) return;
  push(finish_input_gradient_kernel(before.id), grid_for(dx.layout.size()),
       FinishInputGradient{parameters_of(before.id, before.p), before.z, dx.data, dx.layout});
}

void CudaBackend::matmul(const Signal& x, ConstMatrixView w, const float* start, MatrixView y,
                         const ActivationAfter& after) {
  workspace(rows_floats(x.values.layout));
  std::size_t at = 0;
  multiply(rows_of(x.values, at), y.rows(), w.rows(), w.data, w.layout, y.data, y.layout, 0, false);
  finish_product(start, y, after);
}

// Panels of dx are products of dy with as many rows of w, transposed.
void CudaBackend::input_gradient(ConstMatrixView dy, ConstMatrixView w, MatrixView dx, float*,
                                 const ActivationBefore& before) {
  workspace(rows_floats(dy.layout) + rows_floats(w.layout));
  std::size_t at = 0;
  const Rows left = rows_of(dy, at), right = rows_of(w, at);
  const int full = dx.cols() / kPanel, rest = dx.cols() % kPanel;
  Product p{false, true, false, precision_, dx.rows(), kPanel, dy.cols(), left.data, right.data,
            dx.data, left.stride, right.stride, kPanel, 0, std::int64_t{kPanel} * right.stride,
            std::int64_t{kPanel} * dx.rows(), full};
  push(p);
  if (rest > 0) {
    p.n = rest;
    p.b = right.data + static_cast<std::ptrdiff_t>(full) * kPanel * right.stride;
    p.c = dx.panel(full);
    p.ldc = dx.layout.panel_width(full);
    p.batches = 1;
    push(p);
  }
  finish_input_gradient(dx, before);
}

// The gradient has been stored but for `start`.
void CudaBackend::apply(const ParameterUpdate& update, const float* start, const Layout& layout) {
  if (update.kind == ParameterUpdate::Kind::kStore && start == nullptr) return;
  push(update_kernel(update.kind), grid_for(layout.size()),
       Update{update, start, layout, static_cast<unsigned>(layout.size())});
}

void CudaBackend::weight_gradient(const Signal& x, ConstMatrixView d, const float* start,
                                  const ParameterUpdate& update, float* column_sums) {
  workspace(rows_floats(x.values.layout));
  std::size_t at = 0;
  const Layout layout{x.values.cols(), d.cols()};
  multiply_transposed(rows_of(x.values, at), d.rows(), d, 0, {update.gradient, layout}, false);
  apply(update, start, layout);
  if (column_sums != nullptr && update.kind != ParameterUpdate::Kind::kStore) {
    this->column_sums({update.weights, layout}, column_sums);
  }
}

void CudaBackend::update(const ParameterUpdate& update, std::size_t n) {
  if (n > 0) apply(update, nullptr, {1, static_cast<int>(n)});
}

void CudaBackend::column_sums(ConstMatrixView x, float* sums) {
  if (x.rows() <= kLongRows) {
    push(strip_grid(strips(x.layout)), ColumnSums{x.data, sums, x.layout, x.rows()});
  } else {
    long_column_sums(x, workspace(batch_norm_scratch(x.layout)), sums);
  }
}

void CudaBackend::long_column_sums(ConstMatrixView x, float* scratch, float* sums) {
  const int blocks = sum_blocks(x.layout), padded = x.layout.padded_cols();
  push(strip_grid(strips(x.layout) * blocks), ColumnSums{x.data, scratch, x.layout, kSumRows});
  push(grid_for(static_cast<std::size_t>(padded)), TotalSums{scratch, sums, blocks, padded});
}

// --- Element by element -------------------------------------------------------------------------

void CudaBackend::scale_add(const float* a, float scale, const float* x, float* y, std::size_t n) {
  push(grid_for(n), ScaleAdd{a, x, y, scale, static_cast<unsigned>(n)});
}

void CudaBackend::clamp(float* x, float limit, std::size_t n) {
  push(grid_for(n), Clamp{x, limit, static_cast<unsigned>(n)});
}

// As many blocks on every device, so that the order depends on n alone.
double CudaBackend::sum_of_squares(const float* x, std::size_t n) {
  grid_for(n);  // refuses what is too large
  push(Grid{kSquareBlocks, kThreads}, SumOfSquares{x, partial_sums_, static_cast<unsigned>(n)});
  finish();
  double sum = 0.0;
  for (int i = 0; i < kSquareBlocks; ++i) sum += partial_sums_[i];
  return sum;
}

void CudaBackend::activation_forward(ActivationId id, const float* p, const float* x, float* y,
                                     std::size_t n) {
  push(activation_kernel(ActivationOp::kForward, id), grid_for(n),
       Activate{parameters_of(id, p), x, nullptr, y, static_cast<unsigned>(n)});
}

void CudaBackend::activation_backward(ActivationId id, const float* p, const float* x, const float* dy,
                                      float* dx, std::size_t n) {
  push(activation_kernel(ActivationOp::kBackward, id), grid_for(n),
       Activate{parameters_of(id, p), x, dy, dx, static_cast<unsigned>(n)});
}

void CudaBackend::activation_parameter(ActivationId id, const float* p, const float* x, const float* dy,
                                       float* products, std::size_t n) {
  push(activation_kernel(ActivationOp::kParameter, id), grid_for(n),
       Activate{parameters_of(id, p), x, dy, products, static_cast<unsigned>(n)});
}

void CudaBackend::varied_forward(ActivationId id, const VariedParameter& p, ConstMatrixView x,
                                 MatrixView y) {
  push(varied_kernel(ActivationOp::kForward, id), grid_for(x.layout.size()),
       ActivateVaried{p.values, x.data, nullptr, y.data, x.layout, p.by_row});
}

void CudaBackend::varied_backward(ActivationId id, const VariedParameter& p, ConstMatrixView x,
                                  ConstMatrixView dy, MatrixView dx) {
  push(varied_kernel(ActivationOp::kBackward, id), grid_for(x.layout.size()),
       ActivateVaried{p.values, x.data, dy.data, dx.data, x.layout, p.by_row});
}

void CudaBackend::varied_parameter(ActivationId id, const VariedParameter& p, ConstMatrixView x,
                                   ConstMatrixView dy, MatrixView products) {
  push(varied_kernel(ActivationOp::kParameter, id), grid_for(x.layout.size()),
       ActivateVaried{p.values, x.data, dy.data, products.data, x.layout, p.by_row});
}

void CudaBackend::fill_uniform(const Rng& rng, std::uint32_t stream, float low, float high,
                               MatrixView y) {
  push(grid_for(y.layout.size() / 4), FillUniform{rng.seed(), rng.purpose(), rng.step(), stream, low,
                                                  high - low, y.data, y.layout});
}

void CudaBackend::dropout(const Dropping& dropping, ConstMatrixView x, MatrixView y) {
  push(grid_for(x.layout.size() / 4), Drop{dropping, x.data, y.data, x.layout});
}

void CudaBackend::maxout_forward(ConstMatrixView x, int pieces, int area, MatrixView y) {
  push(grid_for(y.layout.size()),
       Maxout{x.data, nullptr, y.data, x.layout, y.layout, pieces, area});
}

void CudaBackend::maxout_backward(ConstMatrixView x, ConstMatrixView dy, int pieces, int area,
                                  MatrixView dx) {
  push(grid_for(x.layout.size()),
       Maxout{x.data, dy.data, dx.data, x.layout, dy.layout, pieces, area});
}

// --- Images -----------------------------------------------------------------------------------

void CudaBackend::flatten(ConstMatrixView image, int pixels, MatrixView features) {
  push(grid_for(features.layout.size()),
       Flatten{image.data, features.data, image.layout, features.layout, pixels, false});
}

void CudaBackend::unflatten(ConstMatrixView features, int pixels, MatrixView image) {
  push(grid_for(image.layout.size()),
       Flatten{features.data, image.data, image.layout, features.layout, pixels, true});
}

template <class Work>
void CudaBackend::for_patches(const cpu::Patches& patches, ConstMatrixView source, int pixels,
                              const Work& work) {
  const Layout row{1, patches.taps() * source.cols()};
  const auto stride = static_cast<std::size_t>(row.padded_cols());
  const int most = std::clamp(static_cast<int>(kPatchFloats / stride), 1, pixels);
  float* const to = workspace(static_cast<std::size_t>(most) * stride);
  for (int first = 0; first < pixels; first += most) {
    const int rows = std::min(most, pixels - first);
    push(grid_for(static_cast<std::size_t>(rows) * stride),
         CopyPatches{patches, source.data, source.layout, to, first, rows, row.padded_cols()});
    work(Rows{to, row.padded_cols()}, first, rows);
  }
}

void CudaBackend::convolve(const Window& window, ConstMatrixView x, ConstMatrixView w, const float* bias,
                           MatrixView y, const ActivationAfter& after) {
  for_patches(cpu::Patches::forward(window), x, y.rows(), [&](Rows patches, int first, int rows) {
    multiply(patches, rows, w.rows(), w.data, w.layout, y.data, y.layout, first, false);
  });
  finish_product(bias, y, after);
}

void CudaBackend::convolve_input_gradient(const Window& window, ConstMatrixView dy, ConstMatrixView w,
                                          MatrixView dx, float* turned, const ActivationBefore& before) {
  const MatrixView turned_w{turned, {window.taps() * dy.cols(), dx.cols()}};
  push(grid_for(turned_w.layout.size()), TurnTaps{w.data, turned, w.layout, turned_w.layout});
  for_patches(cpu::Patches::backward(window), dy, dx.rows(), [&](Rows patches, int first, int rows) {
    multiply(patches, rows, turned_w.rows(), turned, turned_w.layout, dx.data, dx.layout, first, false);
  });
  finish_input_gradient(dx, before);
}

void CudaBackend::convolve_weight_gradient(const Window& window, ConstMatrixView x, ConstMatrixView dy,
                                           const ParameterUpdate& update) {
  const MatrixView gradient{update.gradient, {window.taps() * x.cols(), dy.cols()}};
  for_patches(cpu::Patches::forward(window), x, dy.rows(), [&](Rows patches, int first, int rows) {
    multiply_transposed(patches, rows, dy, first, gradient, first > 0);
  });
  apply(update, nullptr, gradient.layout);
}

void CudaBackend::pool(Pooling kind, const Window& window, ConstMatrixView x, MatrixView y) {
  push(grid_for(y.layout.size()),
       Pool{x.data, y.data, window, x.layout, y.layout, kind == Pooling::kMax});
}

void CudaBackend::pool_backward(Pooling kind, const Window& window, ConstMatrixView x,
                                ConstMatrixView dy, MatrixView dx) {
  push(grid_for(dx.layout.size()), PoolBackward{x.data, dy.data, dx.data, window, dx.layout, dy.layout,
                                                kind == Pooling::kMax});
}

// --- Normalisation ----------------------------------------------------------------------------

void CudaBackend::batch_norm(const BatchNormalisation& norm, ConstMatrixView x, MatrixView y,
                             const ActivationAfter& after) {
  const int blocks = sum_blocks(x.layout), padded = x.layout.padded_cols();
  float* const second = norm.scratch + batch_norm_scratch(x.layout) / 2;
  if (norm.train) {
    push(strip_grid(strips(x.layout) * blocks), BlockMoments{x.data, norm.scratch, second, x.layout});
  }
  push(grid_for(static_cast<std::size_t>(padded)),
       TotalMoments{norm.scratch, second, norm, blocks, x.cols(), padded, x.rows()});
  const cpu::ColumnNorm columns{norm.mean, norm.inverse_deviation, norm.weight, norm.bias, nullptr, nullptr};
  push(grid_for(y.layout.size()), NormaliseColumns{columns, x.data, y.data, x.layout});
  if (after.id >= 0) activation_forward(after.id, after.p, y.data, after.y, y.layout.size());
}

void CudaBackend::batch_norm_backward(const BatchNormalisation& norm, ConstMatrixView x,
                                      ConstMatrixView dy, MatrixView dx, float* dweight, float* dbias,
                                      const ActivationBefore& before) {
  const int blocks = sum_blocks(x.layout), padded = x.layout.padded_cols();
  float* const second = norm.scratch + batch_norm_scratch(x.layout) / 2;
  const std::ptrdiff_t behind = std::ptrdiff_t{blocks} * padded;
  const cpu::ColumnNorm columns{norm.mean, norm.inverse_deviation, norm.weight, norm.bias,
                                norm.scratch + behind, second + behind};
  push(strip_grid(strips(x.layout) * blocks), BlockProducts{x.data, dy.data, norm.mean, norm.inverse_deviation,
                                                            norm.scratch, second, x.layout});
  push(grid_for(static_cast<std::size_t>(padded)),
       TotalProducts{norm.scratch, second, dbias, dweight, norm.scratch + behind, second + behind,
                     norm.train ? 1.0 / x.rows() : 0.0, blocks, padded});
  if (dx.data == nullptr) return;
  push(grid_for(dx.layout.size()), NormaliseColumnsBackward{columns, x.data, dy.data, dx.data, x.layout});
  if (before.id >= 0) {
    activation_backward(before.id, before.p, before.z, dx.data, dx.data, dx.layout.size());
  }
}

void CudaBackend::layer_norm(const LayerNormalisation& norm, ConstMatrixView x, MatrixView y) {
  push(Grid{x.rows() / norm.rows, kThreads}, LayerNormForward{norm, x.data, y.data, x.layout});
}

void CudaBackend::layer_norm_backward(const LayerNormalisation& norm, ConstMatrixView x,
                                      ConstMatrixView dy, MatrixView dx, float* dweight, float* dbias) {
  push(Grid{x.rows() / norm.rows, kThreads},
       LayerNormBackward{norm, x.data, dy.data, dx.data, x.layout});
  push(grid_for(norm.weight.layout.size()),
       LayerNormParameters{norm, x.data, dy.data, dweight, dbias, x.layout});
}

// --- The loss ---------------------------------------------------------------------------------

void CudaBackend::softmax_cross_entropy(const SoftmaxLoss& args) {
  const auto rows = static_cast<std::size_t>(args.logits.rows());
  const std::size_t weights = args.class_weights == nullptr ? 0 : static_cast<std::size_t>(args.logits.cols());
  const std::size_t floats = (rows + weights) * sizeof(float);
  std::byte* const at = stage(floats + 2 * rows);
  SoftmaxLoss loss = args;
  loss.losses = reinterpret_cast<float*>(at);
  auto* const own_weights = loss.losses + rows;
  loss.correct = reinterpret_cast<std::uint8_t*>(at) + floats;
  auto* const labels = loss.correct + rows;
  std::copy_n(args.labels, rows, labels);
  loss.labels = labels;
  if (weights > 0) {
    std::copy_n(args.class_weights, weights, own_weights);
    loss.class_weights = own_weights;
  }
  // Few samples on many multiprocessors: a block has only some of them.
  constexpr int kSamples = 32;
  const int blocks = static_cast<int>((rows + kSamples - 1) / kSamples);
  push(Grid{std::min(blocks, device_->most_blocks()), kSamples}, SoftmaxCrossEntropy{loss});
  returned_.push_back({args.losses, loss.losses, rows * sizeof(float)});
  returned_.push_back({args.correct, loss.correct, rows});
}

void CudaBackend::softmax(ConstMatrixView logits, MatrixView probabilities) {
  push(grid_for(static_cast<std::size_t>(logits.rows())),
       Softmax{logits.data, probabilities.data, logits.layout});
}

void CudaBackend::add_penalty(const PenaltyGradient& args) {
  push(strip_grid(strips(args.weights.layout)), AddPenalty{args});
}

}  // namespace reluscope::cuda
