// Reads data sets from files: IDX, plain or gzip-compressed.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "data/dataset.h"

namespace reluscope {

// `data` is a folder, or "mnist" or "fashion-mnist" for the copies that the build fetched (looked
// for under build/data of the current folder, then beside the program). Throws Error naming
// what is missing.
std::shared_ptr<const Dataset> load_dataset(const std::string& data,
                                            const std::filesystem::path& program);

}  // namespace reluscope
