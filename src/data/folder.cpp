#include "data/folder.h"

#include <algorithm>
#include <initializer_list>
#include <map>
#include <optional>

#include "core/error.h"
#include "core/rng.h"
#include "core/text.h"
#include "data/grey.h"
#include "data/idx.h"
#include "data/npy.h"

namespace reluscope {
namespace {

constexpr const char* kIdxNames[] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                                     "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"};
constexpr const char* kNpyNames[] = {"x_train.npy", "y_train.npy", "x_test.npy", "y_test.npy"};

using Paths = std::vector<std::string>;  // sorted

bool is_hidden(const std::string& path) {
  return path.starts_with('.') || path.starts_with("__MACOSX") || path.find("/.") != path.npos ||
         path.find("/__MACOSX") != path.npos;
}

bool is_png(const std::string& path) { return small_letters(path).ends_with(".png"); }

// The four files, or nothing if none exists; `endings` may follow their names. Throws Error naming
// the first missing file otherwise.
std::vector<std::string> find_four(const Paths& paths, const char* const (&names)[4],
                                   std::initializer_list<const char*> endings, const char* also,
                                   const std::string& where) {
  const auto find = [&](const std::string& name) -> std::string {
    std::string dotted = name;  // some copies of MNIST spell "-idx" as ".idx"
    if (const std::size_t at = name.rfind("-idx"); at != name.npos) dotted[at] = '.';
    for (const std::string& base : {name, dotted}) {
      for (const char* const ending : endings) {
        if (std::binary_search(paths.begin(), paths.end(), base + ending)) return base + ending;
      }
    }
    return "";
  };
  std::vector<std::string> found;
  for (const char* const name : names) found.push_back(find(name));
  const auto missing = std::find(found.begin(), found.end(), "");
  if (missing == found.end()) return found;
  if (found == std::vector<std::string>(4)) return {};
  throw Error("data: ", where, " has no file ", names[missing - found.begin()], also);
}

// Class names in the order of their numbers, see plan_files().
std::vector<std::string> in_order(std::vector<std::string> names) {
  const bool numbers = std::all_of(names.begin(), names.end(), [](const std::string& name) {
    return name.find_first_not_of("0123456789") == name.npos;
  });
  std::sort(names.begin(), names.end(), [numbers](const std::string& a, const std::string& b) {
    return numbers && a.size() != b.size() ? a.size() < b.size() : a < b;
  });
  return names;
}

// The images of each class below "train/", "test/" or "".
using Classes = std::map<std::string, Paths>;
Classes classes_below(const Paths& paths, const std::string& top, const std::string& where) {
  Classes classes;
  for (const std::string& path : paths) {
    if (!path.starts_with(top)) continue;
    const std::size_t slash = path.find('/', top.size());
    if (slash == std::string::npos) continue;  // a file beside the class folders
    if (path.find('/', slash + 1) != std::string::npos || !is_png(path)) {
      throw Error("data: ", in_quotes(path), " in ", where,
                  " is not a .png file in a class's folder; allowed are ",
                  "train/CLASS/*.png with test/CLASS/*.png, or CLASS/*.png");
    }
    classes[path.substr(top.size(), slash - top.size())].push_back(path);
  }
  return classes;
}

std::vector<FilePlan::Image> images_of(Classes& classes, const std::vector<std::string>& names) {
  std::vector<FilePlan::Image> images;
  for (std::size_t label = 0; label < names.size(); ++label) {
    for (const std::string& path : classes[names[label]]) {
      images.push_back({path, static_cast<std::uint8_t>(label)});
    }
  }
  return images;
}

std::vector<std::uint8_t> labels_of(const std::vector<FilePlan::Image>& images) {
  std::vector<std::uint8_t> labels;
  for (const FilePlan::Image& image : images) labels.push_back(image.label);
  return labels;
}

// Moves a sixth of the training images into the test set.
void split_test(FilePlan& plan) {
  const std::vector<int> chosen =
      stratified_sample(labels_of(plan.train), static_cast<int>(plan.train.size()) / 6,
                        Rng(0, Purpose::kTestSplit, 0));
  std::vector<FilePlan::Image> kept;
  for (std::size_t i = 0; i < plan.train.size(); ++i) {
    const bool test = std::binary_search(chosen.begin(), chosen.end(), static_cast<int>(i));
    (test ? plan.test : kept).push_back(std::move(plan.train[i]));
  }
  plan.train = std::move(kept);
}

FilePlan plan_images(const Paths& paths, const std::string& where) {
  FilePlan plan;
  Classes train = classes_below(paths, "train/", where), test;
  if (train.empty()) {
    train = classes_below(paths, "", where);
  } else {
    test = classes_below(paths, "test/", where);
  }
  std::vector<std::string> names;
  for (const auto& [name, images] : train) names.push_back(name);
  if (names.size() < 2 || names.size() > kMaxClasses) {
    throw Error("data: ", where, " has ", names.size(),
                " folders of .png files, one a class, but 2 to ", kMaxClasses, " are allowed");
  }
  for (const auto& [name, images] : test) {
    if (!train.contains(name)) {
      throw Error("data: ", where, " has test images of the class ", in_quotes(name),
                  ", but no training images of it");
    }
  }
  plan.class_names = in_order(names);
  plan.train = images_of(train, plan.class_names);
  plan.test = images_of(test, plan.class_names);
  if (plan.train.size() > kMaxCount || plan.test.size() > kMaxCount) {
    throw Error("data: ", where, " has more than ", kMaxCount, " images");
  }
  if (plan.test.empty()) split_test(plan);
  if (plan.test.empty()) {
    throw Error("data: ", where, " has ", plan.train.size(),
                " images, but without a folder test at least 6 are needed");
  }
  return plan;
}

// The nested folders that contain all paths, as a prefix with a final slash, or "". Archives often
// contain a single top-level folder.
std::string common_folder(const Paths& paths) {
  if (paths.empty()) return "";
  // The paths are sorted: a common prefix of the first and the last is common to all.
  const std::string& first = paths.front();
  const std::string common(
      first.begin(),
      std::mismatch(first.begin(), first.end(), paths.back().begin(), paths.back().end()).first);
  return common.substr(0, common.rfind('/') + 1);
}

// The size of the IDX file that `head` begins, if it begins one.
std::optional<double> idx_bytes(std::span<const std::uint8_t> head) {
  constexpr std::size_t kMostDimensions = 3;
  if (head.size() < 4 || head[0] != 0 || head[1] != 0 || head[3] == 0 || head[3] > kMostDimensions)
    return {};
  const std::size_t header = idx_header(head[3]);
  if (head.size() < header) return {};
  double bytes = 1.0;
  for (std::size_t d = 0; d < head[3]; ++d) bytes *= static_cast<double>(idx_size(head, d));
  return static_cast<double>(header) + bytes;
}

std::string megabytes(double bytes) { return format("%.1f MB", bytes / 1e6); }

}  // namespace

std::uint64_t DataBudget::bytes_of(const std::string& name, std::span<const std::uint8_t> head,
                                   std::uint64_t size) {
  const std::optional<double> announced = is_npy(head) ? npy_bytes(head) : idx_bytes(head);
  if (!announced) return kHeadBytes;
  if (size != 0 && static_cast<double>(size) != *announced) {
    throw Error("data: ", in_quotes(name), " has ", size, " bytes, but its header announces ",
                format("%.0f", *announced),
                static_cast<double>(size) < *announced ? " (the file is truncated)"
                                                       : " (the file is too long)");
  }
  claim(name, *announced);
  return static_cast<std::uint64_t>(*announced) + 1;
}

void DataBudget::claim(const std::string& name, double bytes) {
  claimed_ += bytes;
  if (claimed_ <= static_cast<double>(most_)) return;
  throw Error("data: with ", in_quotes(name), " the data takes ", megabytes(claimed_),
              " unpacked, but at most ", megabytes(static_cast<double>(most_)),
              " are allowed; --max_data allows more");
}

FilePlan plan_files(std::vector<std::string> paths, const std::string& where) {
  std::erase_if(paths, is_hidden);
  std::sort(paths.begin(), paths.end());
  const std::string top = common_folder(paths);
  Paths inside;
  for (const std::string& path : paths) inside.push_back(path.substr(top.size()));

  FilePlan plan;
  plan.files = find_four(inside, kIdxNames, {"", ".gz"}, " (plain or .gz)", where);
  if (plan.files.empty()) plan.files = find_four(inside, kNpyNames, {""}, "", where);
  if (plan.files.empty()) {
    if (std::none_of(inside.begin(), inside.end(), is_png)) {
      throw Error("data: ", where, " holds no data set: ", kIdxNames[0], " and its like, ",
                  kNpyNames[0], " and its like, or folders of .png files are allowed");
    }
    plan = plan_images(inside, where);
  }
  for (std::string& file : plan.files) file = top + file;
  for (auto* const images : {&plan.train, &plan.test}) {
    for (FilePlan::Image& image : *images) image.path = top + image.path;
  }
  return plan;
}

std::string_view FolderImages::next() const {
  return added_ < plan_.train.size() + plan_.test.size() ? image(added_).path : std::string_view();
}

void FolderImages::add(int height, int width, int channels, std::span<const std::uint8_t> pixels) {
  const std::string path(next());
  if (path.empty()) throw Error("data: there are more images than planned");
  if (height < 1 || width < 1 || static_cast<std::uint64_t>(height) > kMaxSide ||
      static_cast<std::uint64_t>(width) > kMaxSide) {
    throw Error("data: ", in_quotes(path), " is ", size_text(height, width), " pixels, but 1x1 to ",
                size_text(kMaxSide, kMaxSide), " are allowed");
  }
  check_decoded("data: " + in_quotes(path), height, width, channels, pixels.size());
  const std::size_t area = std::size_t{1} * height * width;
  if (added_ == 0) {
    height_ = height;
    width_ = width;
    budget_.claim(path, static_cast<double>(area) *
                            static_cast<double>(plan_.train.size() + plan_.test.size()));
  } else if (height != height_ || width != width_) {
    throw Error("data: ", in_quotes(path), " is ", size_text(height, width), " pixels, but ",
                in_quotes(image(0).path), " is ", size_text(height_, width_),
                "; all images must have one size");
  }
  const bool train = added_ < plan_.train.size();
  std::vector<std::uint8_t>& to = train ? train_ : test_;
  // Grows in steps towards the final size: a few images must not reserve memory for a million.
  const std::size_t wanted = area * (train ? plan_.train.size() : plan_.test.size());
  if (to.capacity() < to.size() + area) {
    to.reserve(std::min(wanted, std::max(2 * to.size(), to.size() + 64 * area)));
  }
  to.resize(to.size() + area);
  to_grey(channels, pixels, to.data() + to.size() - area);
  ++added_;
}

Dataset FolderImages::finish(std::string name) {
  if (const std::string_view path = next(); !path.empty()) {
    throw Error("data: ", in_quotes(path), " was not added");
  }
  ImageSet train(height_, width_, std::move(train_), labels_of(plan_.train));
  ImageSet test(height_, width_, std::move(test_), labels_of(plan_.test));
  return Dataset(std::move(name), std::move(train), std::move(test), std::move(plan_.class_names));
}

}  // namespace reluscope
