// Chooses the device that a command trains on. Only this part of the native program depends on
// whether it was built with CUDA.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "backend/backend.h"
#include "config/config.h"

namespace reluscope {

struct ChosenDevice {
  std::unique_ptr<Backend> backend;
  std::string notice;  // a line to print, or ""
};

// config.device: auto chooses a GPU if there is one that passes its self-test. Throws Error if cuda
// is not available, or if another field requires the CPU.
ChosenDevice choose_device(const Config& config);

// Lines about the kernels of the training steps that steps(n) runs on the chosen backend; null: the
// CPU.
std::vector<std::string> device_costs(Backend* backend, const std::function<void(int)>& steps);

}  // namespace reluscope
