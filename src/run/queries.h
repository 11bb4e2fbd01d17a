// The questions about the core, a data set, files and a run, by name: one table for the page and
// Node (run/question.h).
#pragma once

#include <span>

#include "run/question.h"
#include "run/report.h"

namespace reluscope {

// In the order of the table.
std::span<const Query> queries();

// A report as an answer: {values..., "lines", "json", "csv_lines"}.
Json reported_json(Reported said);

}  // namespace reluscope
