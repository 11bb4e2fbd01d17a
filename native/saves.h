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
  // append: to go on behind what stands there, whose first row names the columns already.
  explicit CsvLines(const std::string& path, bool append = false);
  void write(const std::vector<std::string>& lines);

 private:
  std::ofstream file_;
  bool named_ = false;  // the columns are named, so the first lines that come are left out
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
