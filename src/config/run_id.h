// The id that identifies the result of a run.
#pragma once

#include <string>

#include "config/config.h"

namespace reluscope {

// The first 16 hexadecimal digits of a SHA-256 over the fields that differ from their defaults,
// without those that change no bit (threads, log_every, ...). Fields added by later versions do
// not change it.
std::string run_id(const Config& config);

}  // namespace reluscope
