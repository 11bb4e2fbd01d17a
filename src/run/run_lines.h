// Finds the part of a run's output files (train --jsonl and --csv) that precedes a checkpoint. A
// killed run has written lines after its last checkpoint. The resumed run writes them again, so
// they are cut off first: the files then equal those of a run that never stopped.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "config/config.h"

namespace reluscope {

// The number of leading bytes of a file of events that precede `position`, a Session::position()
// of the run. An incomplete last line does not count; an empty file gives 0. run: the config of the
// run; a resumed run differs from it only in fields that resumed_config() allows to change. Throws
// Error, naming the flag "jsonl" and the file, for lines that are not those of this run.
std::size_t events_until(std::string_view text, const std::string& file, const Config& run,
                         const Json& position);

// The same for a table. Its rows do not identify the config, so only its first line is checked: it
// must name this run's columns. Throws Error, naming the flag "csv" and the file.
std::size_t rows_until(std::string_view text, const std::string& file, const Json& position);

}  // namespace reluscope
