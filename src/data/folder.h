// Data sets that are a folder or an archive of files: tells from the names alone what is what, and
// puts decoded images together. Reading and decoding files is the caller's business (native/ and
// web/engine), so that all builds agree on everything else.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/data_budget.h"
#include "data/dataset.h"

namespace reluscope {

struct FilePlan {
  // Training images, training labels, test images, test labels, as IDX or .npy; or empty, and then
  // the images below are the data.
  std::vector<std::string> files;

  struct Image {
    std::string path;
    std::uint8_t label;
  };
  std::vector<std::string> class_names;
  std::vector<Image> train, test;  // by class, then by path
};

// paths: of all files, relative, with '/' between folders, in any order; those with a part that
// begins with "." or "__MACOSX" are passed over. Known, and looked for in this order, also inside
// folders that hold everything:
//   train-images-idx3-ubyte and the other three files of MNIST, plain or .gz, "-idx" or ".idx"
//   x_train.npy, y_train.npy, x_test.npy, y_test.npy
//   train/CLASS/*.png and test/CLASS/*.png
//   CLASS/*.png, or no test: a sixth of the images, of each class by its share, becomes the test
//     set; always the same ones for the same paths
// Classes are numbered in the order of their names' bytes; if all are numbers, by their value.
// where: names the folder in messages. Throws Error if nothing or not all of it is there.
FilePlan plan_files(std::vector<std::string> paths, const std::string& where);

// Takes the decoded images of a plan, one after the other.
class FolderImages {
 public:
  explicit FolderImages(FilePlan plan, DataBudget budget = DataBudget());

  const FilePlan& plan() const { return plan_; }
  DataBudget& budget() { return budget_; }  // for the plan's files
  // The path of the image that is to come next; training images come first. "" after the last.
  std::string_view next() const;
  // channels: 1 grey, 3 red, green, blue; pixels (H, W, channels). Throws Error for an image of
  // another size than the first.
  void add(int height, int width, int channels, std::span<const std::uint8_t> pixels);
  // Once all are added. Leaves this empty.
  Dataset finish(std::string name);

 private:
  const FilePlan::Image& image(std::size_t at) const {
    return at < plan_.train.size() ? plan_.train[at] : plan_.test[at - plan_.train.size()];
  }

  FilePlan plan_;
  DataBudget budget_;
  std::size_t added_ = 0;
  int height_ = 0, width_ = 0;
  std::vector<std::uint8_t> train_, test_;
};

}  // namespace reluscope
