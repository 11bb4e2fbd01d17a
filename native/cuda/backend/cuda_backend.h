// Backend on a CUDA device. Calls are queued as nodes and submitted together. A repeated queue is
// replayed as a graph in which only changed arguments are set. Products go to cuBLAS; everything
// else is a kernel in cuda/kernels.
//
// Buffers are in managed memory, which the host may access while the device is idle. Other inputs
// from the host (indices of samples, weights of classes) are copied by the call. Losses stay on the
// device; finish() returns those of all submitted steps in one copy.
//
// Implemented in cuda_backend.cpp (queue and memory), cuda_batches.cpp, cuda_products.cpp,
// cuda_layers.cpp and report.cpp.
#pragma once

#include <array>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "backend/backend.h"
#include "cuda/device.h"
#include "cuda/kernels/kernels.h"

namespace reluscope::cuda {

// Steps submitted before losses are read: enough to make the wait for the device negligible, few
// enough for a run to respond at once.
inline constexpr int kStepsAhead = 16;

// Partial sums of sum_of_squares(). Equal on all devices, so that the order depends on n alone.
inline constexpr int kSquareBlocks = 256;

// What CudaBackend::measure() records: all work until the next finish(), or each node separately.
enum class Measure { kNothing, kQueues, kNodes };
struct Cost {
  int runs = 0;
  // bytes: those that must be read and written at least.
  double seconds = 0.0, bytes = 0.0, operations = 0.0;
};

class CudaBackend final : public Backend {
 public:
  explicit CudaBackend(std::unique_ptr<Device> device, Precision precision = Precision::kFloat32,
                       int threads = 1);
  ~CudaBackend() override;

  // Totals of graphs made and of arguments set in them.
  int graphs_made() const { return graphs_made_; }
  int arguments_set() const { return arguments_set_; }
  // Clears costs() and records from now on. With kNodes, each node waits for the previous one.
  void measure(Measure what);
  // By the name of the node, or for kQueues under "queue", with one run for each queue.
  const std::map<std::string, Cost>& costs() const { return costs_; }

  std::string_view device() const override { return "cuda"; }
  std::string_view target() const override { return name_; }
  int threads() const override { return pool_.size(); }
  void finish() override;
  void submit() override;
  Memory* memory() override { return device_.get(); }
  bool takes_lists() const override { return false; }
  std::string_view precision() const override {
    return kPrecisionNames[static_cast<int>(precision_)];
  }
  int steps_ahead() const override { return kStepsAhead; }
  bool gather(const Gathering& gathering) override;
  bool shuffle(const Rng& rng, std::uint64_t* there, int count, std::uint64_t* order) override;
  void offer(const Chores& chores) override { pool_.offer(chores); }
  void finish_chores() override { pool_.finish_chores(); }

  void matmul(const Signal& x, ConstMatrixView w, const float* start, MatrixView y,
              const ActivationAfter& after = {}) override;
  void input_gradient(ConstMatrixView dy, ConstMatrixView w, MatrixView dx, float* scratch,
                      const ActivationBefore& before = {}) override;
  void weight_gradient(const Signal& x, ConstMatrixView d, const float* start,
                       const ParameterUpdate& update, float* column_sums) override;
  void column_sums(ConstMatrixView x, float* sums) override;
  void scale_add(const float* a, float scale, const float* x, float* y, std::size_t n) override {
    push(grid_for(n), ScaleAdd{a, x, y, scale, static_cast<unsigned>(n)});
  }
  double sum_of_squares(const float* x, std::size_t n) override;
  void clamp(float* x, float limit, std::size_t n) override {
    push(grid_for(n), Clamp{x, limit, static_cast<unsigned>(n)});
  }
  void activate(ActivationOp op, ActivationId id, const float* p, const float* x, const float* dy,
                float* out, std::size_t n) override {
    push(activation_kernel(static_cast<DeviceOp>(op), id), grid_for(n),
         Activate{parameters_of(id, p), x, dy, out, static_cast<unsigned>(n)});
  }
  void activate_varied(ActivationOp op, ActivationId id, const VariedParameter& p,
                       ConstMatrixView x, ConstMatrixView dy, MatrixView out) override {
    const int varied = static_cast<int>(DeviceOp::kVariedForward) + static_cast<int>(op);
    push(activation_kernel(static_cast<DeviceOp>(varied), id), grid_for(x.layout.size()),
         ActivateVaried{p.values, x.data, dy.data, out.data, x.layout, p.by_row});
  }
  void fill_uniform(const Rng& rng, std::uint32_t stream, float low, float high,
                    MatrixView y) override {
    push(grid_for(y.layout.size() / 4), FillUniform{rng, stream, low, high - low, y});
  }
  void maxout_forward(ConstMatrixView x, int pieces, int area, MatrixView y) override {
    push(grid_for(y.layout.size()), Maxout{x, {}, y, pieces, area});
  }
  void maxout_backward(ConstMatrixView x, ConstMatrixView dy, int pieces, int area,
                       MatrixView dx) override {
    push(grid_for(x.layout.size()), Maxout{x, dy, dx, pieces, area});
  }
  void flatten(ConstMatrixView image, int pixels, MatrixView features) override {
    push(grid_for(features.layout.size()), Flatten{image, features, pixels, false});
  }
  void unflatten(ConstMatrixView features, int pixels, MatrixView image) override {
    push(grid_for(image.layout.size()), Flatten{features, image, pixels, true});
  }
  void reserve(std::size_t) override {}  // threads need no memory of their own
  void convolve(const Window& window, ConstMatrixView x, ConstMatrixView w, const float* bias,
                MatrixView y, const ActivationAfter& after = {}) override;
  void convolve_input_gradient(const Window& window, ConstMatrixView dy, ConstMatrixView w,
                               MatrixView dx, float* turned,
                               const ActivationBefore& before = {}) override;
  void convolve_weight_gradient(const Window& window, ConstMatrixView x, ConstMatrixView dy,
                                const ParameterUpdate& update) override;
  void pool(Pooling kind, const Window& window, ConstMatrixView x, MatrixView y) override {
    push(grid_for(y.layout.size()), Pool{x, y, window, kind == Pooling::kMax});
  }
  void pool_backward(Pooling kind, const Window& window, ConstMatrixView x, ConstMatrixView dy,
                     MatrixView dx) override {
    push(grid_for(dx.layout.size()), PoolBackward{x, dy, dx, window, kind == Pooling::kMax});
  }
  void batch_norm(const BatchNormalisation& norm, ConstMatrixView x, MatrixView y,
                  const ActivationAfter& after = {}) override;
  void batch_norm_backward(const BatchNormalisation& norm, ConstMatrixView x, ConstMatrixView dy,
                           MatrixView dx, float* dweight, float* dbias,
                           const ActivationBefore& before = {}) override;
  void run(const Operation& operation) override;
  void dropout(const Dropping& dropping, ConstMatrixView x, MatrixView y) override {
    push(grid_for(x.layout.size() / 4), Drop{dropping, x, y});
  }
  void long_column_sums(ConstMatrixView x, float* scratch, float* sums) override;

  void softmax_cross_entropy(const SoftmaxLoss& args) override;
  void add_penalty(const PenaltyGradient& args) override {
    push(strip_grid(strips(args.weights.layout)), AddPenalty{args});
  }
  void softmax(ConstMatrixView logits, MatrixView probabilities) override {
    push(grid_for(static_cast<std::size_t>(logits.rows())), Softmax{logits, probabilities});
  }
  void update(const ParameterUpdate& update, std::size_t n) override {
    if (n > 0) apply(update, nullptr, {1, static_cast<int>(n)});
  }

 private:
  // A row-major matrix: the left operand of a product.
  struct Rows {
    const float* data;
    int stride;
  };

  template <class K>
  void push(const KernelInfo& kernel, const Grid& grid, const K& arguments) {
    Node& node = queue_.emplace_back();
    node.kernel = &kernel;
    node.grid = grid;
    std::memcpy(node.arguments.data(), &arguments, sizeof arguments);
  }
  template <class K>
  void push(const Grid& grid, const K& arguments) {
    push(kernel_of<K>(), grid, arguments);
  }
  void push(const Product& product) {
    if (product.batches > 0 && product.n > 0) queue_.push_back(Node::of(product));
  }
  Grid grid_for(std::size_t n) const;
  ActivationParameters parameters_of(ActivationId id, const float* p) const;
  // Matrices in row-major order: a matrix of one panel itself, others copied to the workspace.
  std::array<Rows, 2> rows_of(ConstMatrixView x, ConstMatrixView other = {});
  // Rows first_row .. first_row + rows - 1 of y = x w, panel by panel. Unless bias is null, also
  // does as much of the bias and the activation as the device can fuse, and returns what it did.
  Epilogue multiply(Rows x, int rows, ConstMatrixView w, MatrixView y, int first_row,
                    const float* bias, const ActivationAfter& after);
  // Whether the fused activation of the device agrees with that of the CPU. Tested once.
  bool agrees(Epilogue epilogue);
  // y = x^T d, or y += x^T d if accumulate. x has `rows` rows, d those from first_row on.
  void multiply_transposed(Rows x, int rows, ConstMatrixView d, int first_row, MatrixView y,
                           bool accumulate);
  void finish_product(Epilogue done, const float* start, MatrixView y,
                      const ActivationAfter& after);
  void finish_input_gradient(MatrixView dx, const ActivationBefore& before);
  void apply(const ParameterUpdate& update, const float* start, const Layout& layout);
  // Calls work(patches, first row, rows) for blocks of patches that fit the workspace.
  template <class Work>
  void for_patches(const cpu::Patches& patches, ConstMatrixView source, int pixels,
                   const Work& work);
  float* workspace(std::size_t floats);
  // Reserves memory until the next finish(): host memory for inputs, and device memory for results,
  // as an offset in results_.
  std::pair<std::byte*, std::size_t> make_room(std::size_t staged, std::size_t results);
  std::uint8_t* resident(const std::uint8_t* host, std::size_t bytes);
  // Copies floats of the host to `there` if they differ from `known`, the last copied ones.
  const float* copied(std::span<const float> values, std::vector<float>& known, Buffer& there);
  void gather_augmented(const Gathering& own, const AugmentPlan& plan);
  void run_queue();
  void note(const std::string& name, double seconds, std::span<const Node> nodes);

  struct Replay {
    std::vector<Node> nodes;  // a previous queue, with the current arguments of the graph
    std::unique_ptr<Graph> graph;
  };
  struct Returned {  // results that finish() copies to the host
    void* to;
    std::size_t from, bytes;
  };

  std::unique_ptr<Device> device_;
  std::string name_;
  Precision precision_;
  ThreadPool pool_;
  std::vector<Node> queue_;
  std::vector<Replay> replays_;
  std::vector<Returned> returned_;
  Buffer workspace_;
  std::byte* staged_ = nullptr;   // host memory that kernels read
  std::byte* results_ = nullptr;  // device memory
  std::byte* read_ = nullptr;     // host memory to which results_ is copied
  std::size_t staged_bytes_ = 0, results_bytes_ = 0;
  double* partial_sums_ = nullptr;
  std::map<Epilogue, bool> agrees_;
  std::map<const std::uint8_t*, std::uint8_t*> resident_;  // host images and labels -> copies
  Buffer table_, gaussian_;                          // Gathering::table and AugmentPlan::gaussian
  std::vector<float> known_table_, known_gaussian_;  // their values
  int graphs_made_ = 0, arguments_set_ = 0;
  Measure measure_ = Measure::kNothing;
  bool clock_runs_ = false;
  std::map<std::string, Cost> costs_;
};

// A benchmark report: the time of the kernels, and their memory throughput relative to that of a
// copy.
struct CostReport {
  double step_seconds = 0.0, step_bytes = 0.0, step_operations = 0.0;  // kernels of one step
  double copy_rate = 0.0;          // bytes read and written per second
  std::vector<std::string> lines;  // the report as text
};

// steps(n): runs n training steps on this backend. copy_floats: the size of the copy, larger than
// any cache.
CostReport report_costs(CudaBackend& backend, const std::function<void(int)>& steps, int count,
                        std::size_t copy_floats = std::size_t{1} << 26);

}  // namespace reluscope::cuda
