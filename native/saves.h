// The files that train and export write a network to.
#pragma once

#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "train/session.h"

namespace reluscope {

// Lines of a table to a file, or nowhere (""), each as soon as it is known.
class CsvLines {
 public:
  explicit CsvLines(const std::string& path);
  void write(const std::vector<std::string>& lines);

 private:
  std::ofstream file_;
};

// Throws Error for a path whose end is not known or that cannot be written: before training, not
// after it.
void check_saves(const std::vector<std::string>& paths);

// Writes each and says so.
void write_saves(Session& session, const std::vector<std::string>& paths, int npz_images,
                 std::FILE* out);

// The flag --npz_images. Throws Error for a text that is no whole number.
int read_npz_images(const std::string& text);

}  // namespace reluscope
