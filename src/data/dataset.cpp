#include "data/dataset.h"

#include <algorithm>
#include <cstring>

#include "core/error.h"
#include "core/primitives.h"
#include "core/tensor.h"
#include "data/grey.h"
#include "data/idx.h"
#include "data/npy.h"

namespace reluscope {
namespace {

std::string classes_text(int classes) {
  return joined("with ", classes, " classes labels are 0 to ", classes - 1);
}

[[noreturn]] void refuse_label(const std::string& what, std::int64_t label, std::ptrdiff_t sample,
                               const std::string& why) {
  throw Error(what, ": label ", label, " of sample ", sample, " is out of range: ", why);
}

// The number of classes: the largest label + 1. Every label from 1 on must occur.
int classes_of(std::span<const std::uint8_t> labels, const std::string& what) {
  std::array<bool, kMaxClasses> seen{};
  for (const std::uint8_t label : labels) seen[label] = true;
  const auto top = std::max_element(labels.begin(), labels.end());
  const int most = *top;
  const auto gap = std::find(seen.begin() + 1, seen.begin() + std::max(most, 1), false);
  if (gap < seen.begin() + most) {
    refuse_label(what + " labels", most, top - labels.begin(),
                 joined("no sample has label ", gap - seen.begin(),
                        ", and labels are whole numbers without a gap"));
  }
  if (most == 0) throw Error(what, " labels: all are 0, but at least two classes are needed");
  return most + 1;
}

void check_labels(std::span<const std::uint8_t> labels, int classes, const std::string& what) {
  const auto bad =
      std::find_if(labels.begin(), labels.end(), [&](int label) { return label >= classes; });
  if (bad != labels.end())
    refuse_label(what + " labels", *bad, bad - labels.begin(), classes_text(classes));
}

[[noreturn]] void refuse_array(const NpyArray& array, const std::string& what,
                               const std::string& wanted) {
  throw Error(what, ": the array has shape ", shape_text(array.shape), " of type ",
              std::string(1, array.kind), array.size, ", but ", wanted);
}

// Most pixels are 0. Counts eight zeros at once: one by one, each increment would wait for the
// store of the previous one. Not inlined, because browsers switch to optimised code only at a call.
[[gnu::noinline]] void count_pixels(std::span<const std::uint8_t> image,
                                    std::array<std::int64_t, 256>& counts) {
  std::size_t p = 0;
  for (; p + 8 <= image.size(); p += 8) {
    std::uint64_t eight;
    std::memcpy(&eight, image.data() + p, 8);
    if (eight == 0) {
      counts[0] += 8;
    } else {
      for (std::size_t q = p; q < p + 8; ++q) ++counts[image[q]];
    }
  }
  for (; p < image.size(); ++p) ++counts[image[p]];
}

}  // namespace

ImageSet::ImageSet(std::vector<std::uint8_t> image_file, std::vector<std::uint8_t> label_file,
                   int classes, const std::string& what)
    : images_(std::move(image_file)), labels_(std::move(label_file)) {
  read_images(what + " images");
  const int labels = read_labels(what + " labels");
  if (count_ != labels) {
    throw Error(what, " data: there are ", count_, " images but ", labels,
                " labels; the counts must be equal");
  }
  if (classes != Dataset::kFromLabels) check_labels(this->labels(), classes, what);
}

ImageSet::ImageSet(int height, int width, std::vector<std::uint8_t> pixels,
                   std::vector<std::uint8_t> labels)
    : images_(std::move(pixels)),
      labels_(std::move(labels)),
      count_(static_cast<int>(labels_.size())),
      height_(height),
      width_(width) {}

void ImageSet::read_images(const std::string& what) {
  std::vector<int> sizes;
  if (is_npy(images_)) {
    const NpyArray array = read_npy(images_, what);
    if (array.kind != 'u' || array.size != 1 || array.shape.size() != 3) {
      refuse_array(array, what, "images are (count, height, width) of type u1, unsigned bytes");
    }
    for (const std::int64_t size : array.shape) {
      check_image_size(sizes.size(), static_cast<std::uint64_t>(size), what);
      sizes.push_back(static_cast<int>(size));
    }
    image_header_ = array.begin;
  } else {
    sizes = read_idx(images_, 3, what);
    image_header_ = idx_header(3);
  }
  count_ = sizes[0];
  height_ = sizes[1];
  width_ = sizes[2];
}

int ImageSet::read_labels(const std::string& what) {
  if (!is_npy(labels_)) {
    label_header_ = idx_header(1);
    return read_idx(labels_, 1, what)[0];
  }
  const NpyArray array = read_npy(labels_, what);
  const std::int64_t count = array.shape.size() == 1 ? array.shape[0] : 0;
  if (!array.is_integer() || count < 1 || static_cast<std::uint64_t>(count) > kMaxCount) {
    refuse_array(array, what, "labels are (count) of integers, 1 to " + std::to_string(kMaxCount));
  }
  if (array.size == 1 && array.kind == 'u') {
    label_header_ = array.begin;
    return static_cast<int>(count);
  }
  std::vector<std::uint8_t> bytes(count);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const std::int64_t label = array.integer(labels_, i);
    if (label < 0 || label >= kMaxClasses)
      refuse_label(what, label, static_cast<std::ptrdiff_t>(i), classes_text(kMaxClasses));
    bytes[i] = static_cast<std::uint8_t>(label);
  }
  labels_ = std::move(bytes);
  return static_cast<int>(count);
}

Dataset::Dataset(std::string name, Files files, int classes)
    : name_(std::move(name)),
      train_(std::move(files.train_images), std::move(files.train_labels), classes, "training"),
      test_(std::move(files.test_images), std::move(files.test_labels), classes, "test") {
  if (train_.height() != test_.height() || train_.width() != test_.width()) {
    throw Error("test images: they are ", size_text(test_.height(), test_.width()),
                " pixels, but the training images are ", size_text(train_.height(), train_.width()),
                "; the sizes must be equal");
  }
  if (classes == kFromLabels) {
    classes = classes_of(train_.labels(), "training");
    check_labels(test_.labels(), classes, "test");
  }
  for (int c = 0; c < classes; ++c) class_names_.push_back(std::to_string(c));
  look_at_pixels();
}

Dataset::Dataset(std::string name, ImageSet train, ImageSet test,
                 std::vector<std::string> class_names)
    : name_(std::move(name)),
      train_(std::move(train)),
      test_(std::move(test)),
      class_names_(std::move(class_names)) {
  look_at_pixels();
}

void Dataset::look_at_pixels() {
  const auto total = static_cast<std::int64_t>(train_.count()) * train_.pixels();
  for (int i = 0; i < train_.count(); ++i) count_pixels(train_.image(i), pixel_counts_);
  const auto most = std::max_element(pixel_counts_.begin(), pixel_counts_.end());
  background_ = static_cast<int>(most - pixel_counts_.begin());
  density_ = 1.0 - static_cast<double>(*most) / static_cast<double>(total);
}

std::vector<std::int64_t> class_counts(const ImageSet& set, int classes) {
  std::vector<std::int64_t> counts(classes);
  for (const std::uint8_t label : set.labels()) ++counts[label];
  return counts;
}

std::vector<int> in_random_order(std::span<const int> samples, const Rng& rng) {
  std::vector<std::uint64_t> order;  // random word << 32 | sample
  for (const int sample : samples) {
    const auto number = static_cast<std::uint64_t>(sample);
    order.push_back((std::uint64_t{rng.bits(number)[0]} << 32) | number);
  }
  std::sort(order.begin(), order.end());
  std::vector<int> ordered;
  for (const std::uint64_t place : order) ordered.push_back(static_cast<int>(place & 0xFFFFFFFFu));
  return ordered;
}

std::vector<int> stratified_sample(std::span<const std::uint8_t> labels, int count,
                                   const Rng& rng) {
  std::array<std::vector<int>, 256> members;
  for (int i = 0; i < std::ssize(labels); ++i) members[labels[i]].push_back(i);
  std::array<std::size_t, 256> quota;
  std::array<std::uint64_t, 256> by_remainder;  // inverted remainder << 8 | class
  std::size_t left = count;
  for (std::size_t c = 0; c < 256; ++c) {
    const std::uint64_t product = static_cast<std::uint64_t>(count) * members[c].size();
    const std::uint64_t all = std::max<std::uint64_t>(labels.size(), 1);
    quota[c] = product / all;
    left -= quota[c];
    by_remainder[c] = (all - product % all) << 8 | c;
  }
  std::sort(by_remainder.begin(), by_remainder.end());
  for (std::size_t i = 0; i < left; ++i) ++quota[by_remainder[i] & 0xFF];

  std::vector<int> chosen;
  for (std::size_t c = 0; c < 256; ++c) {
    const std::vector<int> order = in_random_order(members[c], rng);
    chosen.insert(chosen.end(), order.begin(), order.begin() + quota[c]);
  }
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

PixelStatistics pixel_statistics(const std::array<std::int64_t, 256>& counts) {
  double total = 0.0, sum = 0.0, squares = 0.0;
  for (std::size_t p = 0; p < 256; ++p) {
    const auto count = static_cast<double>(counts[p]);
    total += count;
    sum += count * static_cast<double>(p);
  }
  const double mean = sum / total;
  for (std::size_t p = 0; p < 256; ++p) {
    const double from_mean = static_cast<double>(p) - mean;
    squares += static_cast<double>(counts[p]) * (from_mean * from_mean);
  }
  return {mean / 255.0, scalar::sqrt(squares / total) / 255.0};
}

PixelTable pixel_table(double mean, double std, std::optional<int> background) {
  const auto normalised = [=](int p) { return static_cast<float>((p / 255.0 - mean) / std); };
  PixelTable table{{}, background ? normalised(*background) : 0.0f};
  for (int p = 0; p < 256; ++p) {
    table.values[p] =
        background ? static_cast<float>((p - *background) / 255.0 / std) : normalised(p);
  }
  return table;
}

}  // namespace reluscope
