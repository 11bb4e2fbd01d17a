// The files to which train and export save a network.
#pragma once

#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "run/session.h"

namespace reluscope {

// Throws Error for a path with an unknown extension or that cannot be written, and for more images
// than the test set has. So such errors appear before training. npz_images: the flag's value.
void check_saves(const Session& session, const std::vector<std::string>& paths,
                 std::optional<int> npz_images);

// Writes each file and reports it. A failure is reported, and the other files are still written.
void write_saves(Session& session, const std::vector<std::string>& paths,
                 std::optional<int> npz_images, std::FILE* out);

}  // namespace reluscope
