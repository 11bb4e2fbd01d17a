// What a device does for the backend: it owns memory, runs kernels and matrix products in the order
// given, and replays graphs of them. Two implementations: CUDA (cuda_device.cu) and the emulator
// (emulated_device.h), which runs the same kernels on the CPU.
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
  const void* function;         // for CUDA
  void (*body)(const void* k);  // one thread, for the emulator
  double (*traffic)(const void* k) =
      nullptr;  // bytes that a launch must read and write, see traffic.h
};

inline constexpr int kMostThreads = 1024;              // of a block
inline constexpr std::size_t kMostShared = 48 * 1024;  // bytes of a block
inline constexpr int kThreads = 256;                   // of most blocks here

struct Grid {
  int blocks = 1, threads = kThreads;
  bool operator==(const Grid&) const = default;
};

enum class Precision {
  kFloat32,
  kTf32,
  kBfloat16
};  // of products' inputs; sums are float32 always
inline constexpr const char* kPrecisionNames[] = {"fp32", "tf32", "bf16"};

// What a device may do to a product while it has the result at hand: add a bias (n) to each row,
// and apply an activation, for the last keeping what goes into that as well. GELU is the
// approximation by tanh.
enum class Epilogue { kNone, kBias, kBiasRelu, kBiasGelu, kBiasGeluKept };
constexpr bool activates(Epilogue epilogue) { return epilogue > Epilogue::kBias; }

// c (m, n) = a (m, k) b (k, n), plus c if `accumulate`, and then the epilogue; a is stored (k, m)
// if transpose_a, b (n, k) if transpose_b. All row-major with their leading dimensions, `batches`
// of them, strides apart.
struct Product {
  bool transpose_a, transpose_b, accumulate;
  Precision precision;
  int m, n, k;
  const float* a;
  const float* b;
  float* c;
  int lda, ldb, ldc;
  std::int64_t stride_a, stride_b, stride_c;
  int batches;
  Epilogue epilogue = Epilogue::kNone;
  const float* bias = nullptr;
  std::int64_t stride_bias = 0;
  float* kept = nullptr;  // of kBiasGeluKept, laid out like c

  bool operator==(const Product&) const = default;
};

// One thing to do: a kernel with its arguments, or a product.
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
  // Whether a graph made for one can be set to the other: a product's choice of algorithm is part
  // of the graph, so all of it must be the same.
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

// Every function throws Error, with what failed and why, if the device does.
class Device : public Memory {
 public:
  virtual std::string name() const = 0;  // "NVIDIA H100 80GB HBM3, sm_90"
  virtual int most_blocks() const = 0;   // that kernels with strided loops are worth
  // Memory of the host that kernels may read and write as well.
  virtual void* allocate_host(std::size_t bytes) = 0;
  virtual void release_host(void* memory) noexcept = 0;

  // Whether it knows how to make this product with its epilogue.
  virtual bool fuses(const Product& product) = 0;
  virtual void run(std::span<const Node> nodes) = 0;  // begins them, in order
  virtual std::unique_ptr<Graph> make_graph(std::span<const Node> nodes) = 0;
  virtual void set_arguments(Graph& graph, std::size_t at, const Node& node) = 0;
  virtual void run(Graph& graph) = 0;
  // Begins a copy to the host, behind what was begun before: one transfer.
  virtual void copy_to_host(void* to, const void* from, std::size_t bytes) = 0;
  virtual void wait() = 0;  // until all that was begun is done
  // Seconds that the device takes from here on, once all that was begun before is done ...
  virtual void start_clock() = 0;
  virtual double stop_clock() = 0;  // ... until what was begun since is. Waits for it.
};

// What is said when the device fails; `lost`: when it will do nothing more for this program.
inline std::string failure_text(const std::string& what, const std::string& reason, bool lost) {
  return "device cuda: " + what + " failed: " + reason +
         (lost ? "; the device is lost to this program, what was saved before is intact" : "");
}

}  // namespace reluscope::cuda
