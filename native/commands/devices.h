// What this process may use: the device that a command trains on, cores and memory. Only
// devices.cpp depends on whether the program was built with CUDA.
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

// Fewer than the machine's cores under taskset, in a container or in a cluster job.
int available_cores();

// Bytes of memory available without swapping: the machine's free memory, or less if the process's
// group (cgroup v2) or its limits allow less. Infinity if the system does not report it.
double available_memory();

}  // namespace reluscope
