// The data path: conversion of pixels, batches, the shuffle; and the layout of matrices.
#include <algorithm>
#include <numeric>
#include <set>

#include "backend/cpu/cpu_backend.h"
#include "core/rng.h"
#include "data/batcher.h"
#include "data/dataset.h"
#include "matrices.h"
#include "network.h"

using namespace reluscope;
using namespace reluscope::test;

namespace {

// `count` images of height x width whose pixels are mostly `background`; image k has label k % 10.
ImageSet some_images(TestRandom& random, int count, int height, int width, int background) {
  std::vector<std::uint8_t> pixels, labels;
  for (int k = 0; k < count; ++k) {
    labels.push_back(static_cast<std::uint8_t>(k % 10));
    for (int at = 0; at < height * width; ++at) {
      pixels.push_back(
          static_cast<std::uint8_t>(random.below(3) == 0 ? random.below(256) : background));
    }
  }
  const auto n = static_cast<std::uint32_t>(count);
  return ImageSet(
      idx_bytes({n, static_cast<std::uint32_t>(height), static_cast<std::uint32_t>(width)}, pixels),
      idx_bytes({n}, labels), 10, "training");
}

// `count` images of two pixels that encode their index, and the identity table.
ImageSet numbered_images(int count) {
  std::vector<std::uint8_t> pixels, labels(static_cast<std::size_t>(count), 0);
  for (int k = 0; k < count; ++k) {
    pixels.push_back(static_cast<std::uint8_t>(k >> 8));
    pixels.push_back(static_cast<std::uint8_t>(k));
  }
  const auto n = static_cast<std::uint32_t>(count);
  return ImageSet(idx_bytes({n, 1, 2}, pixels), idx_bytes({n}, labels), 10, "training");
}
PixelTable pixels_as_they_are() {
  PixelTable table{};
  for (std::size_t p = 0; p < 256; ++p) table.values[p] = static_cast<float>(p);
  return table;
}
// The indices of the images of a batch.
std::vector<int> numbers_of(const Batch& batch) {
  std::vector<int> samples;
  for (int r = 0; r < batch.input.values.rows(); ++r) {
    samples.push_back(static_cast<int>(batch.input.values.at(r, 0)) * 256 +
                      static_cast<int>(batch.input.values.at(r, 1)));
  }
  return samples;
}

// A copy of everything in a batch.
struct Contents {
  Layout layout;
  float offset = 0.0f;
  std::vector<std::uint8_t> labels;
  std::vector<float> values;          // with padding; lists one after the other
  std::vector<std::uint32_t> places;  // lists: the length of each and the offsets of its entries

  explicit Contents(const Batch& batch)
      : layout(batch.input.values.layout),
        offset(batch.input.offset),
        labels(batch.labels, batch.labels + batch.input.values.rows()) {
    if (!batch.input.sparse()) {
      values.assign(batch.input.values.data, batch.input.values.data + layout.size());
    }
    for (const SparseLists& lists : {batch.input.rows, batch.input.columns}) {
      places.push_back(static_cast<std::uint32_t>(lists.count));
      for (int k = 0; k < lists.count; ++k) {
        places.push_back(lists.end[k] - lists.begin[k]);
        for (std::uint32_t e = lists.begin[k]; e < lists.end[k]; ++e) {
          places.push_back(lists.entries[e].offset);
          values.push_back(lists.entries[e].value);
        }
      }
    }
  }
  bool operator==(const Contents&) const = default;
};

}  // namespace

TEST_SUITE_BEGIN("reference");

TEST_CASE("ToTensor and Normalize(0.1307, 0.3081) give the range -0.4242 to 2.8215") {
  const PixelTable whole = pixel_table(0.1307, 0.3081);
  CHECK(whole.offset == 0.0f);
  CHECK(whole.values[0] == doctest::Approx(-0.42421296).epsilon(1e-7));
  CHECK(whole.values[255] == doctest::Approx(2.82148653).epsilon(1e-7));
  for (const int background : {0, 17, 255}) {
    const PixelTable split = pixel_table(0.1307, 0.3081, background);
    CHECK(split.values[static_cast<std::size_t>(background)] == 0.0f);
    CHECK(split.offset == whole.values[static_cast<std::size_t>(background)]);
    for (std::size_t p = 0; p < 256; ++p) {
      const double exact = (static_cast<double>(p) / 255.0 - 0.1307) / 0.3081;
      CHECK(std::abs(static_cast<double>(whole.values[p]) - exact) <=
            1.5e-7 * (1.0 + std::abs(exact)));
      CHECK(std::abs(static_cast<double>(split.values[p]) + static_cast<double>(split.offset) -
                     exact) <= 3e-7 * (1.0 + std::abs(exact)));
    }
  }
}

TEST_CASE("a batch holds the pixels and labels of its samples, padded with zero") {
  const std::uint64_t seed = test_seed() + 30;
  INFO("seed ", seed);
  TestRandom random(seed);
  for (const auto& [height, width] :
       {std::pair{28, 28}, std::pair{3, 5}, std::pair{1, 1}, std::pair{4, 8}, std::pair{7, 7}}) {
    const ImageSet set = some_images(random, 23, height, width, 0);
    const PixelTable table = pixel_table(0.1307, 0.3081, 0);
    cpu::CpuBackend backend("auto", 2);
    Batcher batcher({.pixels = height * width,
                     .train_rows = 13,
                     .evaluate_rows = 13,
                     .table = table,
                     .sparse = false,
                     .background = 0},
                    backend);
    for (const int rows : {13, 1, 5}) {
      const Batch batch = batcher.in_order(set, 7, rows);
      REQUIRE(batch.input.values.layout == Layout{rows, height * width});
      CHECK(batch.input.offset == table.offset);
      for (int r = 0; r < rows; ++r) {
        REQUIRE(batch.labels[r] == set.label(7 + r));
        for (int c = 0; c < height * width; ++c) {
          REQUIRE(batch.input.values.at(r, c) ==
                  table.values[set.image(7 + r)[static_cast<std::size_t>(c)]]);
        }
        for (int c = height * width; c < batch.input.values.layout.padded_cols(); ++c)
          REQUIRE(batch.input.values.at(r, c) == 0.0f);
      }
    }
    batcher.shuffle(5, 1, 23);
    std::vector<std::vector<float>> seen;
    for (int first = 0; first < 23; first += 13) {
      const int rows = std::min(13, 23 - first);
      const Batch batch = batcher.shuffled(set, first, rows);
      for (int r = 0; r < rows; ++r) {
        std::vector<float> image = {static_cast<float>(batch.labels[r])};
        for (int c = 0; c < height * width; ++c) image.push_back(batch.input.values.at(r, c));
        seen.push_back(image);
      }
    }
    std::vector<std::vector<float>> all;
    for (int k = 0; k < 23; ++k) {
      std::vector<float> image = {static_cast<float>(set.label(k))};
      for (const std::uint8_t p : set.image(k)) image.push_back(table.values[p]);
      all.push_back(image);
    }
    std::sort(seen.begin(), seen.end());
    std::sort(all.begin(), all.end());
    CHECK(seen == all);  // every sample once, with its own label
  }
}

// The dense matrix of `rows` lists with `cols` columns.
std::vector<float> unlisted(const SparseLists& lists, int rows, int cols) {
  REQUIRE(lists.count == rows);
  std::vector<float> values(static_cast<std::size_t>(rows * cols), 0.0f);
  for (int r = 0; r < rows; ++r) {
    std::int64_t before = -1;
    REQUIRE(lists.begin[r] <= lists.end[r]);
    for (std::uint32_t e = lists.begin[r]; e < lists.end[r]; ++e) {
      const SparseEntry& entry = lists.entries[e];
      REQUIRE(entry.offset % kPanel == 0);
      const int col = static_cast<int>(entry.offset) / kPanel;
      REQUIRE(col < cols);
      REQUIRE(col > before);  // ascending, as the order of terms must be
      REQUIRE(entry.value != 0.0f);
      before = col;
      values[at2(r, col, cols)] = entry.value;
    }
  }
  return values;
}

TEST_CASE("a sparse batch lists what a dense one holds, by sample and by feature") {
  const std::uint64_t seed = test_seed() + 32;
  TestRandom random(seed);
  for (const auto& size : {std::pair{28, 28}, std::pair{3, 5}, std::pair{1, 1}, std::pair{4, 8},
                           std::pair{7, 7}, std::pair{1, 33}}) {
    const int height = size.first, width = size.second;
    for (const int background : {0, 17, 255}) {
      for (const int threads : {1, 2, 3, 4}) {
        INFO("seed ", seed, ", ", height, " x ", width, ", background ", background, ", ", threads,
             " threads");
        const int pixels = height * width;
        const ImageSet set = some_images(random, 40, height, width, background);
        cpu::CpuBackend backend("auto", threads);
        BatcherOptions options{.pixels = pixels,
                               .train_rows = 13,
                               .evaluate_rows = 30,
                               .table = pixel_table(0.1307, 0.3081, background),
                               .sparse = false,
                               .background = background};
        Batcher dense(options, backend);
        options.sparse = true;
        Batcher sparse(options, backend);
        const auto check = [&](const Batch& d, const Batch& s, bool by_feature) {
          const int rows = d.input.values.rows();
          REQUIRE(s.input.sparse());
          REQUIRE(!d.input.sparse());
          CHECK(s.input.values.layout == d.input.values.layout);
          CHECK(s.input.offset == d.input.offset);
          std::vector<float> values;
          for (int r = 0; r < rows; ++r) {
            for (int c = 0; c < pixels; ++c) values.push_back(d.input.values.at(r, c));
            REQUIRE(s.labels[r] == d.labels[r]);
          }
          CHECK(first_difference(unlisted(s.input.rows, rows, pixels), values) == "");
          if (!by_feature) return;
          const std::vector<float> turned = unlisted(s.input.columns, pixels, rows);
          for (int r = 0; r < rows; ++r) {
            for (int c = 0; c < pixels; ++c)
              REQUIRE(turned[at2(c, r, rows)] == values[at2(r, c, pixels)]);
          }
        };
        for (int epoch = 1; epoch <= 2; ++epoch) {
          dense.shuffle(5, epoch, 40);
          sparse.shuffle(5, epoch, 40);
          for (int first = 0; first < 40; first += 13) {
            const int rows = std::min(13, 40 - first);
            check(dense.shuffled(set, first, rows), sparse.shuffled(set, first, rows), true);
          }
          for (const int rows : {30, 1, 7})
            check(dense.in_order(set, 9, rows), sparse.in_order(set, 9, rows), false);
          check(dense.single(set.image(3)), sparse.single(set.image(3)), false);
        }
      }
    }
  }
}

TEST_CASE("the shuffle is a permutation that depends on seed and epoch alone, and is even") {
  const int count = 500;
  const ImageSet set = numbered_images(count);
  cpu::CpuBackend backend;
  const auto order = [&](std::uint64_t seed, int epoch) {
    Batcher batcher({.pixels = 2,
                     .train_rows = count,
                     .evaluate_rows = 1,
                     .table = pixels_as_they_are(),
                     .sparse = false,
                     .background = 0},
                    backend);
    batcher.shuffle(seed, epoch, count);
    return numbers_of(batcher.shuffled(set, 0, count));
  };
  const std::vector<int> first = order(1, 1);
  CHECK(std::set<int>(first.begin(), first.end()).size() == count);
  CHECK(*std::max_element(first.begin(), first.end()) == count - 1);
  CHECK(order(1, 1) == first);
  CHECK(order(1, 2) != first);
  CHECK(order(2, 1) != first);
  // The place of sample 0 over many epochs: its mean is the middle, within five standard errors.
  double mean = 0.0;
  const int epochs = 400;
  for (int epoch = 1; epoch <= epochs; ++epoch) {
    const std::vector<int> o = order(9, epoch);
    mean += static_cast<double>(std::find(o.begin(), o.end(), 0) - o.begin()) / epochs;
  }
  CHECK(std::abs(mean - (count - 1) / 2.0) <
        5 * (count / std::sqrt(12.0)) / std::sqrt(static_cast<double>(epochs)));
}

TEST_CASE("the shuffle sorts by random words, and equal ones by sample") {
  int equal_words = 0;
  for (const int count : {1, 2, 3, 255, 1000, 60000}) {
    const ImageSet set = numbered_images(count);
    cpu::CpuBackend backend;
    Batcher batcher({.pixels = 2,
                     .train_rows = count,
                     .evaluate_rows = 1,
                     .table = pixels_as_they_are(),
                     .sparse = false,
                     .background = 0},
                    backend);
    for (const std::uint64_t seed : {std::uint64_t{1}, std::uint64_t{1} << 40}) {
      for (int epoch = 1; epoch <= 4; ++epoch) {
        const Rng rng(seed, Purpose::kShuffle, static_cast<std::uint32_t>(epoch));
        std::vector<std::uint64_t> places;
        for (std::uint64_t k = 0; k < static_cast<std::uint64_t>(count); ++k)
          places.push_back((std::uint64_t{rng.bits(k)[0]} << 32) | k);
        std::sort(places.begin(), places.end());
        std::vector<int> expected;
        for (std::size_t k = 0; k < places.size(); ++k) {
          expected.push_back(static_cast<int>(static_cast<std::uint32_t>(places[k])));
          equal_words += k > 0 && places[k] >> 32 == places[k - 1] >> 32;
        }
        batcher.shuffle(seed, epoch, count);
        CAPTURE(count);
        CAPTURE(seed);
        CAPTURE(epoch);
        CHECK(numbers_of(batcher.shuffled(set, 0, count)) == expected);
      }
    }
  }
  CHECK(equal_words > 0);  // otherwise equal words are not tested
}

// Random sequences of prepared and requested batches, with other calls in between.
TEST_CASE("a batch that was prepared is the one made when it is asked for") {
  const std::uint64_t seed = test_seed() + 33;
  constexpr int kCount = 90, kTrainRows = 21, kEvaluateRows = 40;
  for (const auto& size : {std::pair{9, 7}, std::pair{1, 33}, std::pair{28, 28}}) {
    const int height = size.first, width = size.second;
    for (const bool sparse : {false, true}) {
      for (const int threads : {1, 2}) {
        TestRandom random(seed);
        const ImageSet sets[] = {some_images(random, kCount, height, width, 0),
                                 some_images(random, kCount, height, width, 0)};
        const BatcherOptions options{.pixels = height * width,
                                     .train_rows = kTrainRows,
                                     .evaluate_rows = kEvaluateRows,
                                     .table = pixel_table(0.1307, 0.3081, 0),
                                     .sparse = sparse,
                                     .background = 0};
        cpu::CpuBackend backend("auto", threads), other;
        Batcher ahead(options, backend), plain(options, other);
        const Panels x(64, 64, random.reals(area(64, 64)), 0.0f);
        Panels y(64, 64, 0.0f);
        struct Request {
          const ImageSet* set;
          int first, rows;
        };
        const auto any_request = [&] {
          const int rows = 1 + random.below(kTrainRows);
          return Request{&sets[random.below(2)], random.below(kCount - rows + 1), rows};
        };
        const auto shuffle = [&](int epoch) {
          ahead.shuffle(7, epoch, kCount);
          plain.shuffle(7, epoch, kCount);
        };
        int epoch = 1, as_prepared = 0;
        shuffle(epoch);
        Request prepared{};
        for (int step = 0; step < 400; ++step) {
          INFO("seed ", seed, ", ", height, " x ", width, ", sparse ", sparse, ", ", threads,
               " threads, step ", step);
          // The prepared batch, a part of it, the same of another set, or any other.
          Request wanted = any_request();
          if (prepared.set != nullptr && random.below(4) != 0) {
            wanted = prepared;
            if (random.below(8) == 0) wanted.rows = 1 + random.below(wanted.rows);
            if (random.below(8) == 0) wanted.set = &sets[random.below(2)];
            ++as_prepared;
          }
          const Batch batch = ahead.shuffled(*wanted.set, wanted.first, wanted.rows);
          const Contents contents(batch);
          REQUIRE(contents == Contents(plain.shuffled(*wanted.set, wanted.first, wanted.rows)));

          prepared = {};
          if (random.below(4) != 0) {
            prepared = any_request();
            ahead.prepare(*prepared.set, prepared.first, prepared.rows);
            if (random.below(4) == 0) {  // and then prepares another one
              prepared = any_request();
              ahead.prepare(*prepared.set, prepared.first, prepared.rows);
            }
          }
          // Work during which the threads make the next batch, completely or not. The present batch
          // must not change.
          for (int job = random.below(4); job > 0; --job)
            backend.matmul({x.view()}, x.view(), nullptr, y.view());
          if (random.below(2) == 0) backend.finish_chores();
          REQUIRE(Contents(batch) == contents);

          if (random.below(4) == 0) {
            const int rows = 1 + random.below(kEvaluateRows), first = random.below(kCount - rows);
            REQUIRE(Contents(ahead.in_order(sets[1], first, rows)) ==
                    Contents(plain.in_order(sets[1], first, rows)));
          }
          if (random.below(4) == 0) {
            const auto image = sets[0].image(random.below(kCount));
            REQUIRE(Contents(ahead.single(image)) == Contents(plain.single(image)));
          }
          if (random.below(6) == 0) shuffle(++epoch);
        }
        CHECK(as_prepared > 100);
      }
    }
  }
}

TEST_CASE("a data set finds its background and how dense it is") {
  const std::uint64_t seed = test_seed() + 31;
  INFO("seed ", seed);
  TestRandom random(seed);
  for (const int background : {0, 200, 255}) {
    std::vector<std::uint8_t> pixels(40 * 6, static_cast<std::uint8_t>(background));
    int others = 0;
    for (std::uint8_t& p : pixels) {
      if (random.below(5) == 0) {
        p = static_cast<std::uint8_t>(100 + random.below(20));
        ++others;
      }
    }
    const std::vector<std::uint8_t> labels(40, 3);
    const Dataset data("made", {idx_bytes({40, 2, 3}, pixels), idx_bytes({40}, labels),
                                idx_bytes({40, 2, 3}, pixels), idx_bytes({40}, labels)});
    CHECK(data.background() == background);
    CHECK(data.density() == doctest::Approx(others / 240.0));
    CHECK(data.train().count() == 40);
    CHECK(data.train().height() == 2);
    CHECK(data.train().width() == 3);
    CHECK(data.shape() == std::vector<std::int64_t>{1, 2, 3});
    CHECK(data.name() == "made");
    CHECK(data.classes() == 10);
  }
}

TEST_CASE("a layout gives every element a place of its own, inside its size") {
  for (const int rows : {1, 2, 7}) {
    for (const int cols : {1, 15, 16, 17, 31, 32, 33, 47, 48, 49, 63, 64, 65, 784}) {
      const Layout layout{rows, cols};
      CAPTURE(rows);
      CAPTURE(cols);
      CHECK(layout.padded_cols() % kPad == 0);
      CHECK(layout.padded_cols() >= cols);
      CHECK(layout.padded_cols() < cols + kPad);
      std::set<std::size_t> places;
      for (int r = 0; r < rows; ++r) {
        for (int c = 0; c < layout.padded_cols(); ++c) places.insert(layout.index(r, c));
      }
      CHECK(places.size() == layout.size());
      CHECK(*places.rbegin() == layout.size() - 1);
    }
  }
}

TEST_CASE("buffers are aligned, zero, and movable") {
  Buffer a(100);
  CHECK(reinterpret_cast<std::uintptr_t>(a.data()) % Buffer::kAlign == 0);
  for (std::size_t k = 0; k < a.size(); ++k) REQUIRE(a.data()[k] == 0.0f);
  a.data()[3] = 5.0f;
  Buffer b = std::move(a);
  CHECK(b.size() == 100);
  CHECK(b.data()[3] == 5.0f);
  Buffer c;
  c = std::move(b);
  CHECK(c.data()[3] == 5.0f);
  CHECK(Buffer(0).data() == nullptr);
}

TEST_SUITE_END();
