// Reads data sets from files: a folder or a ZIP archive of IDX files (plain or gzip-compressed), of
// .npy files, or of PNG images by class; see data/folder.h.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "data/folder.h"

namespace reluscope {

// `data` is a folder or archive, or "mnist" or "fashion-mnist" for the copies that the build
// fetched (searched under build/data of the current folder, then beside the program). Throws Error
// naming the missing or invalid part, and if the unpacked data exceeds the budget.
std::shared_ptr<const Dataset> load_dataset(const std::string& data,
                                            const std::filesystem::path& program,
                                            DataBudget budget = DataBudget());

}  // namespace reluscope
