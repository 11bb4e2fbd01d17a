// The id by which the result of a run is known again.
#pragma once

#include <string>

#include "config/config.h"

namespace reluscope {

// 16 hexadecimal digits, the beginning of a SHA-256 over the fields that differ from their
// defaults, but for those that change no bit (threads, log_every, ...). Fields that later versions
// add do not change it.
std::string run_id(const Config& config);

}  // namespace reluscope
