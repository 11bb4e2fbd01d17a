// Queries about experiments, in addition to those of run/queries.h.
#pragma once

#include "run/question.h"

namespace reluscope {

std::span<const Query> experiment_queries();

}  // namespace reluscope
