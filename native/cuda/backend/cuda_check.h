// Checks the result of every call of CUDA and cuBLAS; the Error names the operation.
#pragma once

#include <cublas_v2.h>
#include <cuda_runtime.h>

#include <string>

#include "core/error.h"
#include "cuda/device.h"

namespace reluscope::cuda {

inline void check(cudaError_t status, const std::string& what) {
  if (status == cudaSuccess) return;
  const bool lost = status == cudaErrorIllegalAddress || status == cudaErrorLaunchFailure ||
                    status == cudaErrorECCUncorrectable || status == cudaErrorDevicesUnavailable ||
                    status == cudaErrorHardwareStackError || status == cudaErrorLaunchTimeout;
  throw Error(failure_text(what, cudaGetErrorString(status), lost));
}

inline void check(cublasStatus_t status, const std::string& what) {
  if (status != CUBLAS_STATUS_SUCCESS)
    throw Error(failure_text(what, cublasGetStatusString(status), false));
}

inline std::string megabytes(std::size_t bytes) { return std::to_string(bytes >> 20) + " MB"; }

}  // namespace reluscope::cuda
