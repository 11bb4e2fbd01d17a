// All questions: those of run/queries.cpp and those about experiments.
#pragma once

#include "run/question.h"

namespace reluscope {

const std::vector<Query>& all_queries();
// Throws Error for an unknown name.
const Query& find_query(std::string_view name);

}  // namespace reluscope
