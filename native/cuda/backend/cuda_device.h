// The CUDA device itself.
#pragma once

#include <memory>
#include <string>

#include "cuda/device.h"

namespace reluscope::cuda {

// "" if there is a device to use, else why not, in words for people.
std::string why_no_device();

// What identifies it to the self-test: device, driver and toolkit.
std::string device_key();

// The first device. Throws Error where there is none.
std::unique_ptr<Device> open_device();

}  // namespace reluscope::cuda
