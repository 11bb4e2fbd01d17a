// The questions about experiments, beside those of run/queries.h.
#pragma once

#include "run/question.h"

namespace reluscope {

std::span<const Query> experiment_queries();

}  // namespace reluscope
