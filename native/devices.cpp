#include "devices.h"

#include "commands.h"
#include "core/error.h"
#ifdef RELUSCOPE_CUDA
#include "cuda/cuda_backend.h"
#include "cuda/cuda_device.h"
#include "cuda/selftest.h"
#endif

namespace reluscope {

#ifdef RELUSCOPE_CUDA

namespace {

// "" or what of the config asks for the CPU.
std::string only_on_cpu(const Config& config) {
  if (config.fused) return "fused is true";
  if (config.input == "sparse") return "input is \"sparse\"";
  if (config.simd != "auto") return "simd is \"" + config.simd + "\"";
  return "";
}

}  // namespace

ChosenDevice choose_device(const Config& config) {
  if (config.device == "cpu") return {};
  const std::string reason = cuda::why_no_device();
  const std::string cpu_field = only_on_cpu(config);
  if (config.device == "cuda") {
    if (!reason.empty()) throw Error("device is \"cuda\", but there is none to use: " + reason);
    if (!cpu_field.empty()) throw Error(cpu_field + ", which only the CPU does: device must be cpu or auto");
  } else if (!reason.empty()) {
    return {nullptr, "No GPU: " + reason + ". Training on the CPU."};
  } else if (!cpu_field.empty()) {
    return {nullptr, "Not on the GPU: " + cpu_field + ", which only the CPU does."};
  }
  auto backend = std::make_unique<cuda::CudaBackend>(cuda::open_device(), cuda::Precision::kFloat32, config.threads);
  // Once for each device and driver: a wrong result must not go unnoticed.
  cuda::require_selftest(cuda::device_key());
  return {std::move(backend), ""};
}

int gpu_selftest_command() {
  const std::string reason = cuda::why_no_device();
  if (!reason.empty()) throw Error("gpu-selftest: there is no GPU to test: " + reason);
  std::printf("%s\n", cuda::device_key().c_str());
  const int failed = cuda::run_selftest(stdout);
  std::printf(failed == 0 ? "All operations agree with the CPU's.\n" : "%d operations differ.\n", failed);
  return failed == 0 ? 0 : 1;
}

#else

ChosenDevice choose_device(const Config&) { return {}; }  // Session refuses cuda

int gpu_selftest_command() {
  throw Error("gpu-selftest: this build has no CUDA; cmake --preset cuda makes one that has");
}

#endif

}  // namespace reluscope
