// Device by CUDA and cuBLAS. Every call is checked; a failure says what was asked for.
#include "cuda/cuda_device.h"

#include <cublas_v2.h>
#include <cuda_runtime.h>

#include <chrono>
#include <vector>

#include "core/error.h"

namespace reluscope::cuda {
namespace {

std::string megabytes(std::size_t bytes) { return std::to_string(bytes >> 20) + " MB"; }

void check(cudaError_t status, const std::string& what) {
  if (status == cudaSuccess) return;
  const bool lost = status == cudaErrorIllegalAddress || status == cudaErrorLaunchFailure ||
                    status == cudaErrorECCUncorrectable || status == cudaErrorDevicesUnavailable ||
                    status == cudaErrorHardwareStackError || status == cudaErrorLaunchTimeout;
  throw Error("device cuda: " + what + " failed: " + cudaGetErrorString(status) +
              (lost ? "; the device is lost to this program, what was saved before is intact" : ""));
}

void check(cublasStatus_t status, const std::string& what) {
  if (status != CUBLAS_STATUS_SUCCESS) {
    throw Error("device cuda: " + what + " failed: " + cublasGetStatusString(status));
  }
}

class CudaGraph final : public Graph {
 public:
  CudaGraph() { check(cudaGraphCreate(&graph_, 0), "making a graph"); }
  ~CudaGraph() override {
    if (ready_ != nullptr) cudaGraphExecDestroy(ready_);
    cudaGraphDestroy(graph_);
  }

  void add(const Node& node) {
    const cudaKernelNodeParams parameters = parameters_of(node);
    add_with([&](cudaGraphNode_t* to, const cudaGraphNode_t* last, std::size_t count) {
      check(cudaGraphAddKernelNode(to, graph_, last, count, &parameters), "adding " + node.kernel->name);
    });
  }
  void add(cudaGraph_t product) {
    add_with([&](cudaGraphNode_t* to, const cudaGraphNode_t* last, std::size_t count) {
      check(cudaGraphAddChildGraphNode(to, graph_, last, count, product), "adding a product");
    });
  }
  void make_ready() { check(cudaGraphInstantiate(&ready_, graph_, 0), "making a graph ready"); }
  void set(std::size_t at, const Node& node) {
    const cudaKernelNodeParams parameters = parameters_of(node);
    check(cudaGraphExecKernelNodeSetParams(ready_, nodes_.at(at), &parameters),
          "setting the arguments of " + node.kernel->name);
  }
  void launch(cudaStream_t stream) { check(cudaGraphLaunch(ready_, stream), "starting a graph"); }

 private:
  template <class Add>
  void add_with(const Add& add) {
    cudaGraphNode_t node;
    add(&node, nodes_.empty() ? nullptr : &nodes_.back(), nodes_.empty() ? 0 : 1);
    nodes_.push_back(node);
  }
  // CUDA copies the arguments before it returns.
  cudaKernelNodeParams parameters_of(const Node& node) {
    arguments_ = node.arguments;
    pointer_ = arguments_.data();
    cudaKernelNodeParams parameters{};
    parameters.func = const_cast<void*>(node.kernel->function);
    parameters.gridDim = dim3(static_cast<unsigned>(node.grid.blocks));
    parameters.blockDim = dim3(static_cast<unsigned>(node.grid.threads));
    parameters.kernelParams = &pointer_;
    return parameters;
  }

  cudaGraph_t graph_ = nullptr;
  cudaGraphExec_t ready_ = nullptr;
  std::vector<cudaGraphNode_t> nodes_;
  alignas(16) std::array<std::byte, Node::kArgumentBytes> arguments_;
  void* pointer_ = nullptr;
};

class CudaDevice final : public Device {
 public:
  CudaDevice() {
    check(cudaSetDevice(0), "choosing device 0");
    check(cudaGetDeviceProperties(&properties_, 0), "asking for the device's properties");
    check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "making a stream");
    check(cublasCreate(&blas_), "starting cuBLAS");
    check(cublasSetStream(blas_, stream_), "giving cuBLAS its stream");
    // Memory of its own, so that a product that is captured asks for none.
    check(cudaMalloc(&blas_memory_, kBlasBytes), "allocating " + megabytes(kBlasBytes) + " for cuBLAS");
    check(cublasSetWorkspace(blas_, blas_memory_, kBlasBytes), "giving cuBLAS its memory");
  }
  ~CudaDevice() override {
    cudaStreamSynchronize(stream_);
    cublasDestroy(blas_);
    cudaFree(blas_memory_);
    cudaStreamDestroy(stream_);
  }

  std::string name() const override {
    return std::string(properties_.name) + ", sm_" + std::to_string(properties_.major) +
           std::to_string(properties_.minor);
  }
  int most_blocks() const override {
    return properties_.multiProcessorCount * (properties_.maxThreadsPerMultiProcessor / kThreads);
  }

  // Managed, and kept on the device.
  void* allocate(std::size_t bytes) override {
    void* memory = nullptr;
    const cudaError_t status = cudaMallocManaged(&memory, bytes);
    if (status == cudaErrorMemoryAllocation) refuse(bytes);
    check(status, "allocating " + std::to_string(bytes) + " bytes");
    std::size_t free = 0, all = 0;
    // Managed memory may be larger than the device's, and would then be moved to and fro all the time.
    check(cudaMemGetInfo(&free, &all), "asking for free memory");
    if (bytes > free) {
      cudaFree(memory);
      refuse(bytes);
    }
    if (properties_.concurrentManagedAccess != 0) {
      cudaMemLocation here{};
      here.type = cudaMemLocationTypeDevice;
      here.id = 0;
      check(cudaMemAdvise(memory, bytes, cudaMemAdviseSetPreferredLocation, here), "placing memory");
    }
    return memory;
  }
  void release(void* memory) noexcept override { cudaFree(memory); }
  void* allocate_host(std::size_t bytes) override {
    void* memory = nullptr;
    check(cudaMallocHost(&memory, bytes), "allocating " + std::to_string(bytes) + " bytes of the host");
    return memory;
  }
  void release_host(void* memory) noexcept override { cudaFreeHost(memory); }

  void run(std::span<const Node> nodes) override {
    for (const Node& node : nodes) {
      if (node.kernel == nullptr) {
        multiply(node.product());
        continue;
      }
      void* arguments = const_cast<std::byte*>(node.arguments.data());
      check(cudaLaunchKernel(node.kernel->function, dim3(static_cast<unsigned>(node.grid.blocks)),
                             dim3(static_cast<unsigned>(node.grid.threads)), &arguments, 0, stream_),
            "starting " + node.kernel->name);
    }
  }

  // Products are captured one by one and become graphs within the graph.
  std::unique_ptr<Graph> make_graph(std::span<const Node> nodes) override {
    auto graph = std::make_unique<CudaGraph>();
    for (const Node& node : nodes) {
      if (node.kernel != nullptr) {
        graph->add(node);
        continue;
      }
      cudaGraph_t product = nullptr;
      check(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal), "capturing a product");
      multiply(node.product());
      check(cudaStreamEndCapture(stream_, &product), "capturing a product");
      graph->add(product);
      check(cudaGraphDestroy(product), "closing a captured product");
    }
    graph->make_ready();
    return graph;
  }
  void set_arguments(Graph& graph, std::size_t at, const Node& node) override {
    static_cast<CudaGraph&>(graph).set(at, node);
  }
  void run(Graph& graph) override { static_cast<CudaGraph&>(graph).launch(stream_); }
  void wait() override { check(cudaStreamSynchronize(stream_), "waiting for the device"); }

 private:
  static constexpr std::size_t kBlasBytes = std::size_t{32} << 20;

  [[noreturn]] static void refuse(std::size_t bytes) {
    std::size_t free = 0, all = 0;
    cudaGetLastError();  // an allocation that fails is not the device's end
    cudaMemGetInfo(&free, &all);
    throw Error("device cuda: out of memory: " + megabytes(bytes) + " were asked for, but only " +
                megabytes(free) + " of " + megabytes(all) + " are free");
  }

  // cuBLAS counts columns first: our rows are its columns, so it is asked for c^T = b^T a^T.
  void multiply(const Product& p) {
    const float one = 1.0f, from = p.accumulate ? 1.0f : 0.0f;
    const cublasComputeType_t compute = p.precision == Precision::kTf32       ? CUBLAS_COMPUTE_32F_FAST_TF32
                                        : p.precision == Precision::kBfloat16 ? CUBLAS_COMPUTE_32F_FAST_16BF
                                                                              : CUBLAS_COMPUTE_32F;
    check(cublasGemmStridedBatchedEx(blas_, p.transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N,
                                     p.transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N, p.n, p.m, p.k, &one, p.b,
                                     CUDA_R_32F, p.ldb, p.stride_b, p.a, CUDA_R_32F, p.lda, p.stride_a, &from,
                                     p.c, CUDA_R_32F, p.ldc, p.stride_c, p.batches, compute,
                                     CUBLAS_GEMM_DEFAULT),
          "a product of " + std::to_string(p.m) + " x " + std::to_string(p.k) + " x " + std::to_string(p.n) +
              " in " + std::to_string(p.batches) + " batches");
  }

  cudaDeviceProp properties_{};
  cudaStream_t stream_ = nullptr;
  cublasHandle_t blas_ = nullptr;
  void* blas_memory_ = nullptr;
};

}  // namespace

std::string why_no_device() {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status != cudaSuccess) return cudaGetErrorString(status);
  return count > 0 ? "" : "no CUDA-capable device is there";
}

std::string device_key() {
  cudaDeviceProp properties{};
  int driver = 0;
  check(cudaGetDeviceProperties(&properties, 0), "asking for the device's properties");
  check(cudaDriverGetVersion(&driver), "asking for the driver's version");
  return std::string(properties.name) + ", sm_" + std::to_string(properties.major) +
         std::to_string(properties.minor) + ", driver " + std::to_string(driver) + ", built with CUDA " +
         std::to_string(CUDART_VERSION);
}

std::unique_ptr<Device> open_device() {
  const std::string reason = why_no_device();
  if (!reason.empty()) throw Error("device is \"cuda\", but there is none to use: " + reason);
  return std::make_unique<CudaDevice>();
}

}  // namespace reluscope::cuda
