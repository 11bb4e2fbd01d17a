#include "cuda/backend/blas.h"

#include "cuda/backend/cuda_check.h"

namespace reluscope::cuda {
namespace {

constexpr std::size_t kWorkspaceBytes = std::size_t{32} << 20;

std::string text_of(const Product& p) {
  return "a product of " + std::to_string(p.m) + " x " + std::to_string(p.k) + " x " +
         std::to_string(p.n) + " in " + std::to_string(p.batches) + " batches";
}

// By Precision, and by Epilogue.
constexpr cublasComputeType_t kComputes[] = {CUBLAS_COMPUTE_32F, CUBLAS_COMPUTE_32F_FAST_TF32,
                                             CUBLAS_COMPUTE_32F_FAST_16BF};
constexpr cublasLtEpilogue_t kEpilogues[] = {
    CUBLASLT_EPILOGUE_DEFAULT, CUBLASLT_EPILOGUE_BIAS, CUBLASLT_EPILOGUE_RELU_BIAS,
    CUBLASLT_EPILOGUE_GELU_BIAS, CUBLASLT_EPILOGUE_GELU_AUX_BIAS};

cublasOperation_t operation(bool transposed) { return transposed ? CUBLAS_OP_T : CUBLAS_OP_N; }

// The description of a product and its epilogue for cuBLASLt. cuBLASLt is column-major, so it
// computes c^T = b^T a^T, and the bias has the length of a column.
class Description {
 public:
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

  cublasLtMatmulDesc_t matmul = nullptr;
  cublasLtMatrixLayout_t first = nullptr, second = nullptr, result = nullptr;

 private:
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
    const std::int32_t batches = p.batches;
    check(cublasLtMatrixLayoutSetAttribute(made, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &batches,
                                           sizeof batches),
          "describing a matrix");
    check(cublasLtMatrixLayoutSetAttribute(made, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET,
                                           &stride, sizeof stride),
          "describing a matrix");
    return made;
  }
};

}  // namespace

const Blas::Algorithm& Blas::algorithm_for(const Product& p) {
  Product shape = p;
  shape.a = shape.b = shape.bias = nullptr;
  shape.c = shape.kept = nullptr;
  for (const auto& [product, algorithm] : known_) {
    if (product == shape) return algorithm;
  }
  return known_.emplace_back(shape, find(p)).second;
}

Blas::Algorithm Blas::find(const Product& p) const {
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

Blas::Blas(cudaStream_t stream) : stream_(stream) {
  check(cublasCreate(&blas_), "starting cuBLAS");
  check(cublasLtCreate(&lt_), "starting cuBLASLt");
  check(cublasSetStream(blas_, stream), "giving cuBLAS its stream");
  check(cudaMalloc(&workspace_, kWorkspaceBytes),
        "allocating " + megabytes(kWorkspaceBytes) + " for cuBLAS");
  check(cublasSetWorkspace(blas_, workspace_, kWorkspaceBytes), "giving cuBLAS its memory");
}

Blas::~Blas() {
  cublasDestroy(blas_);
  cublasLtDestroy(lt_);
  cudaFree(workspace_);
}

bool Blas::fuses(const Product& product) { return algorithm_for(product).has_value(); }

void Blas::multiply(const Product& p) {
  const float one = 1.0f, from = p.accumulate ? 1.0f : 0.0f;
  if (p.epilogue != Epilogue::kNone) {
    const Description description(p);
    check(
        cublasLtMatmul(lt_, description.matmul, &one, p.b, description.first, p.a,
                       description.second, &from, p.c, description.result, p.c, description.result,
                       &algorithm_for(p).value(), workspace_, kWorkspaceBytes, stream_),
        text_of(p) + " and what follows it");
    return;
  }
  check(cublasGemmStridedBatchedEx(blas_, operation(p.transpose_b), operation(p.transpose_a), p.n,
                                   p.m, p.k, &one, p.b, CUDA_R_32F, p.ldb, p.stride_b, p.a,
                                   CUDA_R_32F, p.lda, p.stride_a, &from, p.c, CUDA_R_32F, p.ldc,
                                   p.stride_c, p.batches, kComputes[static_cast<int>(p.precision)],
                                   CUBLAS_GEMM_DEFAULT),
        text_of(p));
}

}  // namespace reluscope::cuda
