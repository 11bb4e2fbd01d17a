// Device on CUDA. Matrix products are by cuBLAS, those with an epilogue by cuBLASLt.
#include <cublasLt.h>
#include <cublas_v2.h>
#include <cuda_runtime.h>

#include <optional>
#include <utility>
#include <vector>

#include "core/error.h"
#include "cuda/device.h"

namespace reluscope::cuda {
namespace {

// Check the result of every call of CUDA and cuBLAS; the Error names the operation.
void check(cudaError_t status, const std::string& what) {
  if (status == cudaSuccess) return;
  const bool lost = status == cudaErrorIllegalAddress || status == cudaErrorLaunchFailure ||
                    status == cudaErrorECCUncorrectable || status == cudaErrorDevicesUnavailable ||
                    status == cudaErrorHardwareStackError || status == cudaErrorLaunchTimeout;
  throw Error(failure_text(what, cudaGetErrorString(status), lost));
}

void check(cublasStatus_t status, const std::string& what) {
  if (status != CUBLAS_STATUS_SUCCESS)
    throw Error(failure_text(what, cublasGetStatusString(status), false));
}

std::string megabytes(std::size_t bytes) { return std::to_string(bytes >> 20) + " MB"; }

std::string name_of(const cudaDeviceProp& properties) {
  return std::string(properties.name) + ", sm_" + std::to_string(properties.major) +
         std::to_string(properties.minor);
}

std::string text_of(const Product& p) {
  return "a product of " + std::to_string(p.m) + " x " + std::to_string(p.k) + " x " +
         std::to_string(p.n) + " in " + std::to_string(p.batches) + " batches";
}

constexpr std::size_t kWorkspaceBytes = std::size_t{32} << 20;  // of cuBLAS

// By Precision, and by Epilogue.
constexpr cublasComputeType_t kComputes[] = {CUBLAS_COMPUTE_32F, CUBLAS_COMPUTE_32F_FAST_TF32,
                                             CUBLAS_COMPUTE_32F_FAST_16BF};
constexpr cublasLtEpilogue_t kEpilogues[] = {
    CUBLASLT_EPILOGUE_DEFAULT, CUBLASLT_EPILOGUE_BIAS, CUBLASLT_EPILOGUE_RELU_BIAS,
    CUBLASLT_EPILOGUE_GELU_BIAS, CUBLASLT_EPILOGUE_GELU_AUX_BIAS};

cublasOperation_t operation(bool transposed) { return transposed ? CUBLAS_OP_T : CUBLAS_OP_N; }

// The description of a product and its epilogue for cuBLASLt. cuBLASLt is column-major, so it
// computes c^T = b^T a^T, and the bias has the length of a column.
struct Description {
  explicit Description(const Product& p) {
    check(cublasLtMatmulDescCreate(&matmul, kComputes[static_cast<int>(p.precision)], CUDA_R_32F),
          "describing a product");
    set(CUBLASLT_MATMUL_DESC_TRANSA, operation(p.transpose_b));
    set(CUBLASLT_MATMUL_DESC_TRANSB, operation(p.transpose_a));
    set(CUBLASLT_MATMUL_DESC_EPILOGUE, kEpilogues[static_cast<int>(p.epilogue)]);
    set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, p.bias);
    set(CUBLASLT_MATMUL_DESC_BIAS_BATCH_STRIDE, p.stride_bias);
    if (p.kept != nullptr) {
      set(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER, p.kept);
      set(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD, std::int64_t{p.ldc});
      set(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_BATCH_STRIDE, p.stride_c);
    }
    first = layout(p, p.transpose_b ? p.k : p.n, p.transpose_b ? p.n : p.k, p.ldb, p.stride_b);
    second = layout(p, p.transpose_a ? p.m : p.k, p.transpose_a ? p.k : p.m, p.lda, p.stride_a);
    result = layout(p, p.n, p.m, p.ldc, p.stride_c);
  }
  ~Description() {
    cublasLtMatmulDescDestroy(matmul);
    for (const cublasLtMatrixLayout_t one : {first, second, result})
      cublasLtMatrixLayoutDestroy(one);
  }
  Description(const Description&) = delete;
  Description& operator=(const Description&) = delete;

  template <class T>
  void set(cublasLtMatmulDescAttributes_t what, const T& value) {
    check(cublasLtMatmulDescSetAttribute(matmul, what, &value, sizeof value),
          "describing a product");
  }
  static cublasLtMatrixLayout_t layout(const Product& p, int rows, int cols, int leading,
                                       std::int64_t stride) {
    cublasLtMatrixLayout_t made = nullptr;
    check(cublasLtMatrixLayoutCreate(&made, CUDA_R_32F, static_cast<std::uint64_t>(rows),
                                     static_cast<std::uint64_t>(cols), leading),
          "describing a matrix");
    const auto set = [&](cublasLtMatrixLayoutAttribute_t what, auto value) {
      check(cublasLtMatrixLayoutSetAttribute(made, what, &value, sizeof value),
            "describing a matrix");
    };
    set(CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, std::int32_t{p.batches});
    set(CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, stride);
    return made;
  }

  cublasLtMatmulDesc_t matmul = nullptr;
  cublasLtMatrixLayout_t first = nullptr, second = nullptr, result = nullptr;
};

struct CudaGraph final : Graph {
  CudaGraph() { check(cudaGraphCreate(&graph, 0), "making a graph"); }
  ~CudaGraph() override {
    if (ready != nullptr) cudaGraphExecDestroy(ready);
    cudaGraphDestroy(graph);
  }

  cudaGraph_t graph = nullptr;
  cudaGraphExec_t ready = nullptr;
  std::vector<cudaGraphNode_t> nodes;
};

// The launch of a kernel whose arguments *at points to; CUDA copies them before it returns.
cudaKernelNodeParams launch_of(const Node& node, void** at) {
  *at = const_cast<std::byte*>(node.arguments.data());
  cudaKernelNodeParams launch{};
  launch.func = const_cast<void*>(node.kernel->function);
  launch.gridDim = dim3(static_cast<unsigned>(node.grid.blocks));
  launch.blockDim = dim3(static_cast<unsigned>(node.grid.threads));
  launch.kernelParams = at;
  return launch;
}

class CudaDevice final : public Device {
 public:
  CudaDevice() {
    check(cudaSetDevice(0), "choosing device 0");
    check(cudaGetDeviceProperties(&properties_, 0), "asking for the device's properties");
    check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "making a stream");
    check(cublasCreate(&blas_), "starting cuBLAS");
    check(cublasLtCreate(&lt_), "starting cuBLASLt");
    check(cublasSetStream(blas_, stream_), "giving cuBLAS its stream");
    check(cudaMalloc(&workspace_, kWorkspaceBytes),
          "allocating " + megabytes(kWorkspaceBytes) + " for cuBLAS");
    check(cublasSetWorkspace(blas_, workspace_, kWorkspaceBytes), "giving cuBLAS its memory");
    for (cudaEvent_t* const event : {&begun_, &done_})
      check(cudaEventCreate(event), "making a clock");
  }
  ~CudaDevice() override {
    cudaStreamSynchronize(stream_);
    cublasDestroy(blas_);
    cublasLtDestroy(lt_);
    cudaFree(workspace_);
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

  bool fuses(const Product& product) override { return algorithm_for(product).has_value(); }
  void run(std::span<const Node> nodes) override {
    for (const Node& node : nodes) {
      if (node.kernel == nullptr) {
        multiply(node.product());
        continue;
      }
      void* arguments;
      const cudaKernelNodeParams launch = launch_of(node, &arguments);
      check(cudaLaunchKernel(launch.func, launch.gridDim, launch.blockDim, launch.kernelParams, 0,
                             stream_),
            "starting " + node.kernel->name);
    }
  }

  // A chain of nodes. Each product is captured and becomes a child graph.
  std::unique_ptr<Graph> make_graph(std::span<const Node> nodes) override {
    auto made = std::make_unique<CudaGraph>();
    made->nodes.resize(nodes.size());
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      const Node& node = nodes[i];
      cudaGraphNode_t* const next = &made->nodes[i];
      const cudaGraphNode_t* const last = i == 0 ? nullptr : next - 1;
      const std::size_t before = i == 0 ? 0 : 1;
      if (node.kernel != nullptr) {
        void* arguments;
        const cudaKernelNodeParams launch = launch_of(node, &arguments);
        check(cudaGraphAddKernelNode(next, made->graph, last, before, &launch),
              "adding " + node.kernel->name);
        continue;
      }
      cudaGraph_t product = nullptr;
      check(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal),
            "capturing a product");
      multiply(node.product());
      check(cudaStreamEndCapture(stream_, &product), "capturing a product");
      check(cudaGraphAddChildGraphNode(next, made->graph, last, before, product),
            "adding a product");
      check(cudaGraphDestroy(product), "closing a captured product");
    }
    check(cudaGraphInstantiate(&made->ready, made->graph, 0), "making a graph ready");
    return made;
  }
  void set_arguments(Graph& graph, std::size_t at, const Node& node) override {
    const auto& made = static_cast<CudaGraph&>(graph);
    void* arguments;
    const cudaKernelNodeParams launch = launch_of(node, &arguments);
    check(cudaGraphExecKernelNodeSetParams(made.ready, made.nodes.at(at), &launch),
          "setting the arguments of " + node.kernel->name);
  }
  void run(Graph& graph) override {
    check(cudaGraphLaunch(static_cast<CudaGraph&>(graph).ready, stream_), "starting a graph");
  }
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
  using Algorithm = std::optional<cublasLtMatmulAlgo_t>;

  [[noreturn]] static void refuse(std::size_t bytes) {
    std::size_t free = 0, all = 0;
    cudaGetLastError();  // clears the error: the device remains usable
    cudaMemGetInfo(&free, &all);
    throw Error("device cuda: out of memory: " + megabytes(bytes) + " are needed, but only " +
                megabytes(free) + " of " + megabytes(all) + " are free");
  }

  void multiply(const Product& p) {
    const float one = 1.0f, from = p.accumulate ? 1.0f : 0.0f;
    if (p.epilogue != Epilogue::kNone) {
      const Description description(p);
      check(cublasLtMatmul(lt_, description.matmul, &one, p.b, description.first, p.a,
                           description.second, &from, p.c, description.result, p.c,
                           description.result, &algorithm_for(p).value(), workspace_,
                           kWorkspaceBytes, stream_),
            text_of(p) + " and what follows it");
      return;
    }
    check(cublasGemmStridedBatchedEx(blas_, operation(p.transpose_b), operation(p.transpose_a), p.n,
                                     p.m, p.k, &one, p.b, CUDA_R_32F, p.ldb, p.stride_b, p.a,
                                     CUDA_R_32F, p.lda, p.stride_a, &from, p.c, CUDA_R_32F, p.ldc,
                                     p.stride_c, p.batches,
                                     kComputes[static_cast<int>(p.precision)], CUBLAS_GEMM_DEFAULT),
          text_of(p));
  }
  // The algorithm of cuBLASLt for a product with its epilogue, if there is one.
  const Algorithm& algorithm_for(const Product& p) {
    Product shape = p;
    shape.a = shape.b = shape.bias = nullptr;
    shape.c = shape.kept = nullptr;
    for (const auto& [product, algorithm] : known_) {
      if (product == shape) return algorithm;
    }
    return known_.emplace_back(shape, find_algorithm(p)).second;
  }
  Algorithm find_algorithm(const Product& p) const {
    if (p.accumulate) return {};
    const Description description(p);
    cublasLtMatmulPreference_t preference = nullptr;
    check(cublasLtMatmulPreferenceCreate(&preference), "choosing an algorithm");
    const auto prefer = [&](cublasLtMatmulPreferenceAttributes_t what, auto value) {
      check(cublasLtMatmulPreferenceSetAttribute(preference, what, &value, sizeof value),
            "choosing an algorithm");
    };
    prefer(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, static_cast<std::uint64_t>(kWorkspaceBytes));
    // Panels begin at multiples of 16 floats.
    for (const auto what :
         {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
          CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES}) {
      prefer(what, static_cast<std::uint32_t>(kPad * sizeof(float)));
    }
    cublasLtMatmulHeuristicResult_t best{};
    int found = 0;
    const cublasStatus_t status = cublasLtMatmulAlgoGetHeuristic(
        lt_, description.matmul, description.first, description.second, description.result,
        description.result, preference, 1, &best, &found);
    cublasLtMatmulPreferenceDestroy(preference);
    if (status == CUBLAS_STATUS_NOT_SUPPORTED || found == 0) return {};
    check(status, "choosing an algorithm for " + text_of(p));
    return best.algo;
  }

  cudaDeviceProp properties_{};
  cudaStream_t stream_ = nullptr;
  cudaEvent_t begun_ = nullptr, done_ = nullptr;
  cublasHandle_t blas_ = nullptr;
  cublasLtHandle_t lt_ = nullptr;
  // Preallocated, because a captured product must not allocate. One suffices: all products run in
  // order on one stream.
  void* workspace_ = nullptr;
  std::vector<std::pair<Product, Algorithm>> known_;  // products with an epilogue, by shape
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
