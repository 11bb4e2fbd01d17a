// What the files of a run's lines (train --jsonl and --csv) hold up to a checkpoint. A run that was
// killed has written lines after its last checkpoint; the run that resumes from it writes them
// again, so they are cut off first: then the files are those of a run that never stopped.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "config/config.h"

namespace reluscope {

// How many bytes, from the beginning, of a file of events belong to what had happened at
// `position`, a Session::position() of the run. A last line that is not whole does not belong; an
// empty file has 0. run: the config of the run; one that resumed differs from it in what
// resumed_config() lets change. Throws Error, naming the flag "jsonl" and the file, for lines of
// another run or none.
std::size_t events_until(std::string_view text, const std::string& file, const Config& run,
                         const Json& position);

// The same of a table, whose rows say nothing of the config: its first line must name this run's
// columns. Throws Error, naming the flag "csv" and the file.
std::size_t rows_until(std::string_view text, const std::string& file, const Json& position);

}  // namespace reluscope
