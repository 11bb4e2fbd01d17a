// Device on CUDA and cuBLAS.
#include <cuda_runtime.h>

#include <memory>
#include <vector>

#include "core/error.h"
#include "cuda/backend/blas.h"
#include "cuda/backend/cuda_check.h"

namespace reluscope::cuda {
namespace {

std::string name_of(const cudaDeviceProp& properties) {
  return std::string(properties.name) + ", sm_" + std::to_string(properties.major) +
         std::to_string(properties.minor);
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
      check(cudaGraphAddKernelNode(to, graph_, last, count, &parameters),
            "adding " + node.kernel->name);
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
    blas_ = std::make_unique<Blas>(stream_);
    for (cudaEvent_t* const event : {&begun_, &done_})
      check(cudaEventCreate(event), "making a clock");
  }
  ~CudaDevice() override {
    cudaStreamSynchronize(stream_);
    blas_.reset();
    for (const cudaEvent_t event : {begun_, done_}) cudaEventDestroy(event);
    cudaStreamDestroy(stream_);
  }

  std::string name() const override { return name_of(properties_); }
  int most_blocks() const override {
    return properties_.multiProcessorCount * (properties_.maxThreadsPerMultiProcessor / kThreads);
  }

  // Managed memory, with the device as its preferred location.
  void* allocate(std::size_t bytes) override {
    void* memory = nullptr;
    const cudaError_t status = cudaMallocManaged(&memory, bytes);
    if (status == cudaErrorMemoryAllocation) refuse(bytes);
    check(status, "allocating " + std::to_string(bytes) + " bytes");
    std::size_t free = 0, all = 0;
    // Managed memory may exceed that of the device, and would then be paged constantly.
    check(cudaMemGetInfo(&free, &all), "asking for free memory");
    if (bytes > free) {
      cudaFree(memory);
      refuse(bytes);
    }
    if (properties_.concurrentManagedAccess != 0) {
      cudaMemLocation here{};
      here.type = cudaMemLocationTypeDevice;
      here.id = 0;
      check(cudaMemAdvise(memory, bytes, cudaMemAdviseSetPreferredLocation, here),
            "placing memory");
    }
    return memory;
  }
  void release(void* memory) noexcept override { cudaFree(memory); }
  void* allocate_host(std::size_t bytes) override {
    void* memory = nullptr;
    check(cudaMallocHost(&memory, bytes),
          "allocating " + std::to_string(bytes) + " bytes of the host");
    return memory;
  }
  void release_host(void* memory) noexcept override { cudaFreeHost(memory); }

  bool fuses(const Product& product) override { return blas_->fuses(product); }
  void run(std::span<const Node> nodes) override {
    for (const Node& node : nodes) {
      if (node.kernel == nullptr) {
        blas_->multiply(node.product());
        continue;
      }
      void* arguments = const_cast<std::byte*>(node.arguments.data());
      check(
          cudaLaunchKernel(node.kernel->function, dim3(static_cast<unsigned>(node.grid.blocks)),
                           dim3(static_cast<unsigned>(node.grid.threads)), &arguments, 0, stream_),
          "starting " + node.kernel->name);
    }
  }

  // Each product is captured and becomes a child graph.
  std::unique_ptr<Graph> make_graph(std::span<const Node> nodes) override {
    auto graph = std::make_unique<CudaGraph>();
    for (const Node& node : nodes) {
      if (node.kernel != nullptr) {
        graph->add(node);
        continue;
      }
      cudaGraph_t product = nullptr;
      check(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal),
            "capturing a product");
      blas_->multiply(node.product());
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
  void copy_to_host(void* to, const void* from, std::size_t bytes) override {
    check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, stream_),
          "copying " + std::to_string(bytes) + " bytes to the host");
  }
  void wait() override { check(cudaStreamSynchronize(stream_), "waiting for the device"); }

  void start_clock() override { check(cudaEventRecord(begun_, stream_), "starting the clock"); }
  double stop_clock() override {
    float milliseconds = 0.0f;
    check(cudaEventRecord(done_, stream_), "stopping the clock");
    check(cudaEventSynchronize(done_), "waiting for the device");
    check(cudaEventElapsedTime(&milliseconds, begun_, done_), "reading the clock");
    return static_cast<double>(milliseconds) * 1e-3;
  }

 private:
  [[noreturn]] static void refuse(std::size_t bytes) {
    std::size_t free = 0, all = 0;
    cudaGetLastError();  // clears the error: the device remains usable
    cudaMemGetInfo(&free, &all);
    throw Error("device cuda: out of memory: " + megabytes(bytes) + " are needed, but only " +
                megabytes(free) + " of " + megabytes(all) + " are free");
  }

  cudaDeviceProp properties_{};
  cudaStream_t stream_ = nullptr;
  cudaEvent_t begun_ = nullptr, done_ = nullptr;
  std::unique_ptr<Blas> blas_;
};

}  // namespace

std::string why_no_device() {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status != cudaSuccess) return cudaGetErrorString(status);
  return count > 0 ? "" : "there is no CUDA device";
}

std::string device_key() {
  cudaDeviceProp properties{};
  int driver = 0;
  check(cudaGetDeviceProperties(&properties, 0), "asking for the device's properties");
  check(cudaDriverGetVersion(&driver), "asking for the driver's version");
  return name_of(properties) + ", driver " + std::to_string(driver) + ", built with CUDA " +
         std::to_string(CUDART_VERSION);
}

std::unique_ptr<Device> open_device() {
  const std::string reason = why_no_device();
  if (!reason.empty()) throw Error("device is \"cuda\", but there is none to use: " + reason);
  return std::make_unique<CudaDevice>();
}

}  // namespace reluscope::cuda
