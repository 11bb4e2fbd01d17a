// Matrix products by cuBLAS; products with an epilogue by cuBLASLt.
#pragma once

#include <cuda_runtime.h>

#include <memory>

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
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace reluscope::cuda
