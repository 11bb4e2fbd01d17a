// Which device a command trains on: the one place of the native program that knows whether it was
// built with CUDA.
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
  std::string notice;  // a line for people, or ""
};

// config.device: auto is a GPU where there is one that passes its self-test. Throws Error where
// cuda cannot be had, or another field asks for what the GPU does not do.
ChosenDevice choose_device(const Config& config);

// Lines about the kernels of training steps that steps(n) makes, on the backend that was chosen;
// null: the CPU.
std::vector<std::string> device_costs(Backend* backend, const std::function<void(int)>& steps);

}  // namespace reluscope
