// Access to the CUDA device.
#pragma once

#include <memory>
#include <string>

#include "cuda/device.h"

namespace reluscope::cuda {

// "" if a device is usable, else the reason as a text for people.
std::string why_no_device();

// Identifies device, driver and toolkit to the self-test.
std::string device_key();

// Opens device 0. Throws Error if there is none.
std::unique_ptr<Device> open_device();

}  // namespace reluscope::cuda
