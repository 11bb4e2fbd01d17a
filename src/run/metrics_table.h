// What a run reports, as rows of comma-separated values: one for each batch that is logged, one for
// each epoch. Without times, so that the same run gives the same file everywhere.
#pragma once

#include <string>

#include "config/config.h"

namespace reluscope {

std::string metrics_header();
// values: of the event "batch" or "epoch", see Session::advance(). Both are lines without their
// end.
std::string metrics_row(const Json& values);

}  // namespace reluscope
