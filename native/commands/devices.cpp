#include "commands/devices.h"

#include "backend/cpu/cpu_backend.h"
#include "commands/commands.h"
#include "core/error.h"
#ifdef RELUSCOPE_CUDA
#include "cuda/backend/cuda_backend.h"
#include "cuda/checks/checks.h"
#endif

namespace reluscope {
namespace {

ChosenDevice on_cpu(const Config& config, const std::string& notice = "") {
  return {std::make_unique<cpu::CpuBackend>(config.simd, config.threads, config.fused,
                                            available_cores(), available_memory()),
          notice};
}

#ifdef RELUSCOPE_CUDA
cuda::Precision precision_of(const Config& config) {
  int at = 0;  // every choice of the field has a name in this table
  while (config.precision != cuda::kPrecisionNames[at]) ++at;
  return static_cast<cuda::Precision>(at);
}

// The setting that requires the CPU, or "".
std::string only_on_cpu(const Config& config) {
  if (config.fused) return "fused is true";
  if (config.input == "sparse") return "input is \"sparse\"";
  if (config.simd != "auto") return "simd is \"" + config.simd + "\"";
  return "";
}

#endif

}  // namespace

#ifdef RELUSCOPE_CUDA
ChosenDevice choose_device(const Config& config) {
  if (config.device == "cpu") return on_cpu(config);
  const std::string reason = cuda::why_no_device();
  const std::string cpu_field = only_on_cpu(config);
  if (config.device == "cuda") {
    if (!reason.empty()) throw Error("device is \"cuda\", but there is none to use: " + reason);
    if (!cpu_field.empty())
      throw Error(cpu_field + ", which only the CPU supports: device must be cpu or auto");
  } else if (!reason.empty()) {
    return on_cpu(config, "No GPU: " + reason + ". Using the CPU.");
  } else if (!cpu_field.empty()) {
    return on_cpu(config, "Not on the GPU: " + cpu_field + ", which only the CPU supports.");
  }
  auto backend = std::make_unique<cuda::CudaBackend>(cuda::open_device(), precision_of(config),
                                                     config.threads);
  // Once for each device and driver, so that wrong results are detected.
  cuda::require_selftest(cuda::device_key());
  return {std::move(backend), ""};
}

int gpu_selftest_command(const Arguments&) {
  const std::string reason = cuda::why_no_device();
  if (!reason.empty()) throw Error("gpu-selftest: there is no GPU to test: " + reason);
  std::printf("%s\n", cuda::device_key().c_str());
  const auto failed = static_cast<int>(cuda::run_selftest(stdout).size());
  std::printf(failed == 0 ? "All operations agree with the CPU's.\n" : "%d operations differ.\n",
              failed);
  return failed == 0 ? 0 : 1;
}

#else

ChosenDevice choose_device(const Config& config) {
  if (config.device == "cuda") return {};  // Session refuses it
  return on_cpu(config);
}

int gpu_selftest_command(const Arguments&) {
  throw Error("gpu-selftest: this build has no CUDA; build it with cmake --preset cuda");
}

#endif

std::vector<std::string> device_costs([[maybe_unused]] Backend* backend,
                                      [[maybe_unused]] const std::function<void(int)>& steps) {
#ifdef RELUSCOPE_CUDA
  if (auto* const gpu = dynamic_cast<cuda::CudaBackend*>(backend); gpu != nullptr) {
    return cuda::report_costs(*gpu, steps, 200).lines;
  }
#endif
  return {
      "Kernel time and share of memory bandwidth are measured on a GPU only. To measure the "
      "kernels of the CPU, run build/native/bench/reluscope_bench"};
}

}  // namespace reluscope
