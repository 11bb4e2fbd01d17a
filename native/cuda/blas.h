// Products by cuBLAS, and with a bias by cuBLASLt.
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

  // Whether cuBLASLt has an algorithm that adds this product's bias; asked once for each shape.
  bool adds_bias(const Product& product);
  void multiply(const Product& product);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace reluscope::cuda
