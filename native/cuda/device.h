// The interface of a device: it owns memory, runs kernels and matrix products in order, and replays
// graphs of them. Two implementations: CUDA (cuda_device.cpp) and the emulator (emulated_device.h),
// which runs the same kernels on the CPU.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>

#include "core/tensor.h"

namespace reluscope::cuda {

// A kernel takes one trivially copyable struct, and threads are numbered in one dimension.
struct KernelInfo {
  std::string name;  // "scale_add", "activation_forward<relu>"
  std::size_t argument_bytes;
  const void* function;             // for CUDA
  void (*body)(const void* k);      // one thread, for the emulator
  double (*floats)(const void* k);  // that a launch must read and write, see kernels.h
};

inline constexpr int kMostThreads = 1024;              // of a block
inline constexpr std::size_t kMostShared = 48 * 1024;  // bytes of a block
inline constexpr int kThreads = 256;                   // of most blocks here

struct Grid {
  int blocks = 1, threads = kThreads;
  bool operator==(const Grid&) const = default;
};

// Of the inputs of products; sums are always float32.
enum class Precision { kFloat32, kTf32, kBfloat16 };
inline constexpr const char* kPrecisionNames[] = {"fp32", "tf32", "bf16"};

// What a device may fuse into a product: adding a bias (n) to each row, and an activation. The last
// one also keeps the input of the activation. GELU is the approximation by tanh.
enum class Epilogue { kNone, kBias, kBiasRelu, kBiasGelu, kBiasGeluKept };
constexpr bool activates(Epilogue epilogue) { return epilogue > Epilogue::kBias; }

// c (m, n) = a (m, k) b (k, n), plus c if `accumulate`, and then the epilogue; a is stored (k, m)
// if transpose_a, b (n, k) if transpose_b. All are row-major with leading dimensions lda, ldb, ldc;
// there are `batches` of each, a stride apart.
struct Product {
  bool transpose_a = false, transpose_b = false, accumulate = false;
  Precision precision = Precision::kFloat32;
  int m = 0, n = 0, k = 0;
  const float* a = nullptr;
  const float* b = nullptr;
  float* c = nullptr;
  int lda = 0, ldb = 0, ldc = 0;
  std::int64_t stride_a = 0, stride_b = 0, stride_c = 0;
  int batches = 1;
  Epilogue epilogue = Epilogue::kNone;
  const float* bias = nullptr;
  std::int64_t stride_bias = 0;
  float* kept = nullptr;  // of kBiasGeluKept, laid out like c

  bool operator==(const Product&) const = default;
  double operations() const { return 2.0 * m * n * k * batches; }
  // That must be read and written at least.
  double floats() const {
    return 1.0 * m * k * (stride_a == 0 ? 1 : batches) +
           1.0 * k * n * (stride_b == 0 ? 1 : batches) +
           1.0 * m * n * batches * (accumulate || kept != nullptr ? 2 : 1) +
           (epilogue == Epilogue::kNone ? 0.0 : 1.0 * n * batches);
  }
};

// An entry of the queue: a kernel with its arguments, or a product.
struct Node {
  static constexpr std::size_t kArgumentBytes = 320;

  const KernelInfo* kernel = nullptr;  // null: the product
  Grid grid;
  alignas(16) std::array<std::byte, kArgumentBytes> arguments;

  static Node of(const Product& product) {
    static_assert(sizeof product <= kArgumentBytes);
    Node node;
    std::memcpy(node.arguments.data(), &product, sizeof product);
    return node;
  }
  Product product() const {
    Product p;
    std::memcpy(&p, arguments.data(), sizeof p);
    return p;
  }
  // Whether a graph made for this node can run the other. A graph contains the algorithm of a
  // product, so products must be equal.
  bool replaces(const Node& other) const {
    return kernel == other.kernel && grid == other.grid &&
           (kernel != nullptr || same_arguments(other));
  }
  std::string name() const { return kernel == nullptr ? "product" : kernel->name; }
  bool same_arguments(const Node& other) const {
    return kernel == nullptr
               ? product() == other.product()
               : std::memcmp(arguments.data(), other.arguments.data(), kernel->argument_bytes) == 0;
  }
};

class Graph {
 public:
  virtual ~Graph() = default;
};

// If the device fails, every function throws Error naming the operation and the reason.
class Device : public Memory {
 public:
  virtual std::string name() const = 0;  // "NVIDIA H100 80GB HBM3, sm_90"
  virtual int most_blocks() const = 0;   // the largest useful grid of kernels with strided loops
  // Host memory that kernels may access, too.
  virtual void* allocate_host(std::size_t bytes) = 0;
  virtual void release_host(void* memory) noexcept = 0;

  // Whether it supports this product with its epilogue.
  virtual bool fuses(const Product& product) = 0;
  virtual void run(std::span<const Node> nodes) = 0;  // starts them, in order
  virtual std::unique_ptr<Graph> make_graph(std::span<const Node> nodes) = 0;
  virtual void set_arguments(Graph& graph, std::size_t at, const Node& node) = 0;
  virtual void run(Graph& graph) = 0;
  // Starts a copy to the host, after all work started before: one transfer.
  virtual void copy_to_host(void* to, const void* from, std::size_t bytes) = 0;
  virtual void wait() = 0;  // until all work is done
  // Seconds that the device needs for the work started between these calls. stop_clock() waits.
  virtual void start_clock() = 0;
  virtual double stop_clock() = 0;
};

// The CUDA device: "" if one is usable, else the reason, for a message.
std::string why_no_device();
// Identifies device, driver and toolkit to the self-test.
std::string device_key();
// Opens device 0. Throws Error if there is none.
std::unique_ptr<Device> open_device();

// The message for a failure of the device; `lost`: the program cannot use it any more.
inline std::string failure_text(const std::string& what, const std::string& reason, bool lost) {
  return "device cuda: " + what + " failed: " + reason +
         (lost ? "; this program cannot use the device any more, but earlier checkpoints are intact"
               : "");
}

}  // namespace reluscope::cuda
