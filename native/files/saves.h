// The files that train and export write a network to.
#pragma once

#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "run/session.h"

namespace reluscope {

// Throws Error for a path whose end is not known or that cannot be written, and for a number of
// images that the test set does not have: before training, not after it. npz_images: what the flag
// says.
void check_saves(const Session& session, const std::vector<std::string>& paths,
                 std::optional<int> npz_images);

// Writes each and says so. One that fails is said, and the others are written all the same.
void write_saves(Session& session, const std::vector<std::string>& paths,
                 std::optional<int> npz_images, std::FILE* out);

// The flag --npz_images. Throws Error for a text that is no whole number.
int read_npz_images(const std::string& text);

}  // namespace reluscope
