// Backend on a CUDA device. Calls are queued as nodes and begun together: a queue that has been
// seen before is replayed as a graph, of which only the arguments that differ are set. Products go
// to cuBLAS; everything else is a kernel of this folder.
//
// Buffers lie in managed memory, so that the host may read and write them while the device has
// nothing to do. What else the host hands over (numbers of samples, weights of classes) is copied
// when it is handed over. Losses stay on the device and come back in one copy when finish()
// returns, of as many steps as were begun.
//
// Its functions stand in cuda_backend.cpp (queue and memory), cuda_batches.cpp, cuda_products.cpp
// and cuda_layers.cpp.
#pragma once

#include <array>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "backend/backend.h"
#include "cuda/device.h"
#include "cuda/kernels/kernels.h"

namespace reluscope::cuda {

// Steps begun before losses are read: enough that waiting for the device is small beside them, few
// enough that a run still answers at once.
inline constexpr int kStepsAhead = 16;

// Partial sums of sum_of_squares(): as many on every device, so that the order depends on n alone.
inline constexpr int kSquareBlocks = 256;

// What CudaBackend::measure() notes: all that is begun until the next finish(), or each node on its
// own.
enum class Measure { kNothing, kQueues, kNodes };
struct Cost {
  int runs = 0;
  double seconds = 0.0, bytes = 0.0, operations = 0.0;  // see traffic.h
};

class CudaBackend final : public Backend {
 public:
  explicit CudaBackend(std::unique_ptr<Device> device, Precision precision = Precision::kFloat32,
                       int threads = 1);
  ~CudaBackend() override;

  Device& on() { return *device_; }
  // Graphs made, and arguments set in them, so far.
  int graphs_made() const { return graphs_made_; }
  int arguments_set() const { return arguments_set_; }
  // From now on, anew; nodes on their own wait for the one before.
  void measure(Measure what);
  // Of "queue", each of which counts as a run, or of nodes by their names.
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
  void scale_add(const float* a, float scale, const float* x, float* y, std::size_t n) override;
  double sum_of_squares(const float* x, std::size_t n) override;
  void clamp(float* x, float limit, std::size_t n) override;
  void activation_forward(ActivationId id, const float* p, const float* x, float* y,
                          std::size_t n) override;
  void activation_backward(ActivationId id, const float* p, const float* x, const float* dy,
                           float* dx, std::size_t n) override;
  void activation_parameter(ActivationId id, const float* p, const float* x, const float* dy,
                            float* products, std::size_t n) override;
  void varied_forward(ActivationId id, const VariedParameter& p, ConstMatrixView x,
                      MatrixView y) override;
  void varied_backward(ActivationId id, const VariedParameter& p, ConstMatrixView x,
                       ConstMatrixView dy, MatrixView dx) override;
  void varied_parameter(ActivationId id, const VariedParameter& p, ConstMatrixView x,
                        ConstMatrixView dy, MatrixView products) override;
  void fill_uniform(const Rng& rng, std::uint32_t stream, float low, float high,
                    MatrixView y) override;
  void maxout_forward(ConstMatrixView x, int pieces, int area, MatrixView y) override;
  void maxout_backward(ConstMatrixView x, ConstMatrixView dy, int pieces, int area,
                       MatrixView dx) override;
  void flatten(ConstMatrixView image, int pixels, MatrixView features) override;
  void unflatten(ConstMatrixView features, int pixels, MatrixView image) override;
  void reserve(std::size_t workspace_floats) override;
  void convolve(const Window& window, ConstMatrixView x, ConstMatrixView w, const float* bias,
                MatrixView y, const ActivationAfter& after = {}) override;
  void convolve_input_gradient(const Window& window, ConstMatrixView dy, ConstMatrixView w,
                               MatrixView dx, float* turned,
                               const ActivationBefore& before = {}) override;
  void convolve_weight_gradient(const Window& window, ConstMatrixView x, ConstMatrixView dy,
                                const ParameterUpdate& update) override;
  void pool(Pooling kind, const Window& window, ConstMatrixView x, MatrixView y) override;
  void pool_backward(Pooling kind, const Window& window, ConstMatrixView x, ConstMatrixView dy,
                     MatrixView dx) override;
  void batch_norm(const BatchNormalisation& norm, ConstMatrixView x, MatrixView y,
                  const ActivationAfter& after = {}) override;
  void batch_norm_backward(const BatchNormalisation& norm, ConstMatrixView x, ConstMatrixView dy,
                           MatrixView dx, float* dweight, float* dbias,
                           const ActivationBefore& before = {}) override;
  void run(const Operation& operation) override;
  void dropout(const Dropping& dropping, ConstMatrixView x, MatrixView y) override;
  void long_column_sums(ConstMatrixView x, float* scratch, float* sums) override;

  void softmax_cross_entropy(const SoftmaxLoss& args) override;
  void add_penalty(const PenaltyGradient& args) override;
  void softmax(ConstMatrixView logits, MatrixView probabilities) override;
  void update(const ParameterUpdate& update, std::size_t n) override;

 private:
  // A row-major matrix, as products take their left operands.
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
  void push(const Product& product);
  Grid grid_for(std::size_t n) const;
  ActivationParameters parameters_of(ActivationId id, const float* p) const;
  // Row-major: x itself where it is one panel, else a copy at `at` in the workspace, which moves
  // on.
  Rows rows_of(ConstMatrixView x, std::size_t& at);
  // y = (rows, depth) w, panel by panel; w and y have these columns. Does as much of what follows
  // as the device can, unless bias is null, and says what.
  Epilogue multiply(Rows x, int rows, int depth, const float* w, const Layout& w_layout, float* y,
                    const Layout& y_layout, int first_row, const float* bias,
                    const ActivationAfter& after);
  // Whether the device's activation gives what the CPU's does: tried once.
  bool agrees(Epilogue epilogue);
  // y = x^T d for (rows, columns of y) x.
  void multiply_transposed(Rows x, int rows, ConstMatrixView d, int first_row, MatrixView y,
                           bool accumulate);
  void finish_product(Epilogue done, const float* start, MatrixView y,
                      const ActivationAfter& after);
  void finish_input_gradient(MatrixView dx, const ActivationBefore& before);
  void apply(const ParameterUpdate& update, const float* start, const Layout& layout);
  // Calls work(patches, first row, rows) for as many rows of patches at a time as have room.
  template <class Work>
  void for_patches(const cpu::Patches& patches, ConstMatrixView source, int pixels,
                   const Work& work);
  float* workspace(std::size_t floats);
  // Makes room until the next finish(): of the host's memory, for what it hands over, and of the
  // device's, for results. The host's, and the offset of the other.
  struct Room {
    std::byte* staged;
    std::size_t result;
  };
  Room make_room(std::size_t staged, std::size_t results);
  std::uint8_t* resident(const std::uint8_t* host, std::size_t bytes);
  // A copy of some floats of the host's in `there`, made anew when they differ from `known`.
  const float* copied(std::span<const float> values, std::vector<float>& known, Buffer& there);
  void gather_augmented(const Gathering& own, const AugmentPlan& plan);
  void run_queue();
  void note(const std::string& name, double seconds, std::span<const Node> nodes);

  struct Replay {  // a queue that has been seen, and what the graph holds now
    std::vector<Node> nodes;
    std::unique_ptr<Graph> graph;
  };
  struct Returned {  // results for the host, copied when they are there
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
  std::byte* staged_ = nullptr;   // memory of the host that kernels reach
  std::byte* results_ = nullptr;  // the device's
  std::byte* read_ = nullptr;     // the host's, where results are copied to
  std::size_t staged_bytes_ = 0, results_bytes_ = 0;
  double* partial_sums_ = nullptr;
  std::map<Epilogue, bool> agrees_;
  std::map<const std::uint8_t*, std::uint8_t*>
      resident_;             // images and labels of the host -> copies
  Buffer table_, gaussian_;  // what pixels become, and what smooths elastic distortion ...
  std::vector<float> known_table_, known_gaussian_;  // ... as the host knows them
  int graphs_made_ = 0, arguments_set_ = 0;
  Measure measure_ = Measure::kNothing;
  bool clock_runs_ = false;
  std::map<std::string, Cost> costs_;
};

}  // namespace reluscope::cuda
