// Matrix products by cuBLAS; products with an epilogue by cuBLASLt.
#pragma once

#include <cublasLt.h>
#include <cublas_v2.h>
#include <cuda_runtime.h>

#include <optional>
#include <utility>
#include <vector>

#include "cuda/device.h"

namespace reluscope::cuda {

class Blas {
 public:
  explicit Blas(cudaStream_t stream);
  ~Blas();
  Blas(const Blas&) = delete;
  Blas& operator=(const Blas&) = delete;

  // Whether cuBLASLt has an algorithm for this product with its epilogue. Cached by shape.
  bool fuses(const Product& product);
  void multiply(const Product& product);

 private:
  using Algorithm = std::optional<cublasLtMatmulAlgo_t>;

  const Algorithm& algorithm_for(const Product& product);
  Algorithm find(const Product& product) const;

  cudaStream_t stream_;
  cublasHandle_t blas_ = nullptr;
  cublasLtHandle_t lt_ = nullptr;
  // Preallocated, because a captured product must not allocate. One suffices: all products run in
  // order on one stream.
  void* workspace_ = nullptr;
  std::vector<std::pair<Product, Algorithm>> known_;  // products with an epilogue, by shape
};

}  // namespace reluscope::cuda
