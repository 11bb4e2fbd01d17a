// Augmentation compared with plain double arithmetic, and its guarantees: exact without movement,
// background stays background, and rows depend only on (seed, epoch, sample).
#include "data/augment.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "backend/cpu/cpu_backend.h"
#include "core/error.h"
#include "core/sha256.h"
#include "data/batcher.h"
#include "network.h"
#include "run/session.h"

using namespace reluscope;
using namespace reluscope::test;

namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes some_image(TestRandom& random, int height, int width, int background, int one_in = 3) {
  Bytes pixels;
  for (int i = 0; i < height * width; ++i) {
    pixels.push_back(
        static_cast<std::uint8_t>(random.below(one_in) == 0 ? random.below(256) : background));
  }
  return pixels;
}

Bytes warped(const Bytes& image, int height, int width, int background, const Affine& affine) {
  const Augmenter augmenter({.rotate = 1.0}, height, width, background, 1);
  Augmenter::Workspace workspace = augmenter.make_workspace();
  Bytes out(image.size(), 77);
  augmenter.warp(image, affine, false, workspace, out);
  return out;
}

Bytes applied(const Augmentation& options, const Bytes& image, int height, int width,
              int background, int epoch = 1, int sample = 0, std::uint64_t seed = 1) {
  const Augmenter augmenter(options, height, width, background, seed);
  Augmenter::Workspace workspace = augmenter.make_workspace();
  Bytes out(image.size(), 77);
  augmenter.apply(image, epoch, sample, workspace, out);
  return out;
}

// Textbook bilinear sampling, not rounded.
double sampled(const Bytes& image, int height, int width, int background, double x, double y) {
  const double left = std::floor(x), top = std::floor(y);
  const auto pixel = [&](double row, double col) {
    if (row < 0 || row >= height || col < 0 || col >= width) return static_cast<double>(background);
    return static_cast<double>(
        image[static_cast<std::size_t>(row) * static_cast<std::size_t>(width) +
              static_cast<std::size_t>(col)]);
  };
  const double fx = x - left, fy = y - top;
  return (pixel(top, left) * (1 - fx) + pixel(top, left + 1) * fx) * (1 - fy) +
         (pixel(top + 1, left) * (1 - fx) + pixel(top + 1, left + 1) * fx) * fy;
}

constexpr std::pair<int, int> kImageSizes[] = {{28, 28}, {1, 1}, {1, 7}, {5, 1}, {3, 5}, {17, 33}};

const Augmentation kEverything{.rotate = 20,
                               .translate = 3,
                               .scale = 0.2,
                               .shear = 10,
                               .elastic = 20,
                               .elastic_sigma = 3,
                               .noise = 25,
                               .erase = 0.5};

}  // namespace

TEST_SUITE_BEGIN("reference");

TEST_CASE("a warp by nothing, by whole pixels and by quarter turns is exact") {
  const std::uint64_t seed = test_seed() + 70;
  INFO("seed ", seed);
  TestRandom random(seed);
  for (const auto& [height, width] : kImageSizes) {
    for (const int background : {0, 17, 255}) {
      const Bytes image = some_image(random, height, width, background);
      CHECK(warped(image, height, width, background, {}) == image);
      CHECK(warped(image, height, width, background, affine_of(height, width, 0, 1, 0, 0, 0)) ==
            image);
      CHECK(warped(image, height, width, background, affine_of(height, width, 180, 1, 0, 0, 0)) ==
            Bytes(image.rbegin(), image.rend()));
      for (const auto& [dx, dy] : {std::pair{1, 0}, std::pair{0, -2}, std::pair{-3, 4}}) {
        Bytes moved(image.size(), static_cast<std::uint8_t>(background));
        for (int row = 0; row < height; ++row) {
          for (int col = 0; col < width; ++col) {
            const int r = row + dy, c = col + dx;
            if (r < 0 || r >= height || c < 0 || c >= width) continue;
            moved[static_cast<std::size_t>(r * width + c)] =
                image[static_cast<std::size_t>(row * width + col)];
          }
        }
        CHECK(warped(image, height, width, background, affine_of(height, width, 0, 1, 0, dx, dy)) ==
              moved);
      }
    }
  }
  // To the right by 90 degrees: the top row becomes the last column.
  CHECK(warped({1, 2, 3, 4, 5, 6, 7, 8, 9}, 3, 3, 0, affine_of(3, 3, 90, 1, 0, 0, 0)) ==
        Bytes{7, 4, 1, 8, 5, 2, 9, 6, 3});
}

TEST_CASE("the affine map is the inverse of shear, scale, rotation and translation") {
  const std::uint64_t seed = test_seed() + 71;
  INFO("seed ", seed);
  TestRandom random(seed);
  for (int round = 0; round < 100; ++round) {
    const int height = 1 + random.below(40), width = 1 + random.below(40);
    const double rotate = random.uniform(-180, 180), scale = random.uniform(0.1, 2);
    const double shear = random.uniform(-60, 60), dx = random.uniform(-9, 9),
                 dy = random.uniform(-9, 9);
    const Affine a = affine_of(height, width, rotate, scale, shear, dx, dy);
    const double degree = std::numbers::pi / 180;
    const double x = random.uniform(0, width), y = random.uniform(0, height);
    const double cx = (width - 1) / 2.0, cy = (height - 1) / 2.0;
    const double leaning = (x - cx) + std::tan(shear * degree) * (y - cy);
    const double cosine = std::cos(rotate * degree), sine = std::sin(rotate * degree);
    const double to_x = cx + dx + scale * (cosine * leaning - sine * (y - cy));
    const double to_y = cy + dy + scale * (sine * leaning + cosine * (y - cy));
    CHECK(std::abs(a.xx * to_x + a.xy * to_y + a.x - x) < 1e-9);
    CHECK(std::abs(a.yx * to_x + a.yy * to_y + a.y - y) < 1e-9);
  }
}

TEST_CASE("warps are bilinear sampling in double, rounded to the nearest byte") {
  const std::uint64_t seed = test_seed() + 72;
  INFO("seed ", seed);
  TestRandom random(seed);
  for (const auto& [height, width] : kImageSizes) {
    for (const int background : {0, 17, 255}) {
      for (int round = 0; round < 10; ++round) {
        const Bytes image = some_image(random, height, width, background, 1 + round % 3);
        const Affine a =
            affine_of(height, width, random.uniform(-180, 180), random.uniform(0.5, 1.5),
                      random.uniform(-40, 40), random.uniform(-4, 4), random.uniform(-4, 4));
        const Bytes out = warped(image, height, width, background, a);
        for (int row = 0; row < height; ++row) {
          for (int col = 0; col < width; ++col) {
            const double expected =
                sampled(image, height, width, background, a.xx * col + a.xy * row + a.x,
                        a.yx * col + a.yy * row + a.y);
            // Half a byte of rounding, and fractions of 2^-16 in x and in y.
            REQUIRE(std::abs(out[static_cast<std::size_t>(row * width + col)] - expected) <=
                    0.5 + 2 * 255.0 / 65536);
          }
        }
      }
    }
  }
}

TEST_CASE("elastic displacements are random fields smoothed by a Gaussian") {
  const int height = 19, width = 21, epoch = 3, sample = 5;
  for (const double sigma : {0.7, 2.0, 6.0}) {
    const double alpha = 30.0;
    const Augmenter augmenter({.elastic = alpha, .elastic_sigma = sigma}, height, width, 0, 9);
    Augmenter::Workspace workspace = augmenter.make_workspace();
    Bytes out(static_cast<std::size_t>(height * width));
    augmenter.apply(Bytes(out.size(), 200), epoch, sample, workspace, out);
    const Rng rng(9, Purpose::kAugment, epoch);
    const int radius = static_cast<int>(3 * sigma) + 1;
    const auto gaussian = [&](int t) { return std::exp(-0.5 * t * t / (sigma * sigma)); };
    double whole = 0.0;
    for (int t = -radius; t <= radius; ++t) whole += gaussian(t);
    std::uint64_t element = (std::uint64_t{sample} << 32) + (1 << 24);
    for (const std::vector<float>* field : {&workspace.dx, &workspace.dy}) {
      const auto random = [&](int row, int col) {
        if (row < 0 || row >= height || col < 0 || col >= width) return 0.0;
        const int at = row * width + col;
        const std::uint32_t word = rng.bits(
            element + static_cast<std::uint64_t>(at / 4))[static_cast<std::size_t>(at % 4)];
        return static_cast<double>(static_cast<std::int32_t>(word)) / 2147483648.0;
      };
      for (int row = 0; row < height; ++row) {
        for (int col = 0; col < width; ++col) {
          double sum = 0.0;
          for (int v = -radius; v <= radius; ++v) {
            for (int u = -radius; u <= radius; ++u)
              sum += gaussian(v) * gaussian(u) * random(row + v, col + u);
          }
          const float found =
              (*field)[static_cast<std::size_t>(row * augmenter.field_stride() + col)];
          REQUIRE(std::abs(static_cast<double>(found) - alpha * sum / (whole * whole)) <
                  1e-5 * alpha);
        }
      }
      element += 1 << 24;
    }
    // A constant image stays constant inside, wherever it is sampled, and fades only at its edge.
    CHECK(*std::max_element(out.begin(), out.end()) == 200);
  }
}

TEST_CASE("noise has the mean and the deviation asked for, and leaves the background alone") {
  const int side = 100;
  Bytes image(side * side, 128);
  for (std::size_t i = 0; i < image.size(); i += 3) image[i] = 9;
  const Bytes out = applied({.noise = 20}, image, side, side, 9);
  double sum = 0.0, squares = 0.0;
  int count = 0;
  for (std::size_t i = 0; i < image.size(); ++i) {
    if (image[i] == 9) {
      REQUIRE(out[i] == 9);
      continue;
    }
    const double change = static_cast<double>(out[i]) - 128;
    sum += change;
    squares += change * change;
    ++count;
  }
  CHECK(std::abs(sum / count) < 5 * 20 / std::sqrt(count));
  CHECK(std::abs(std::sqrt(squares / count) - 20) < 5 * 20 / std::sqrt(2.0 * count));
  // Strong noise stays inside a byte.
  const Bytes strong = applied({.noise = 255}, image, side, side, 9);
  CHECK(std::count(strong.begin(), strong.end(), 255) > count / 8);
  CHECK(std::count(strong.begin(), strong.end(), 0) > count / 8);
}

TEST_CASE("erasing makes one rectangle of 2% to 33% background, as often as asked for") {
  const int height = 40, width = 30;
  const Bytes image(height * width, 200);
  int erased = 0;
  for (int sample = 0; sample < 400; ++sample) {
    const Bytes out = applied({.erase = 0.25}, image, height, width, 0, 1, sample);
    const auto gone = std::count(out.begin(), out.end(), 0);
    if (gone == 0) continue;
    ++erased;
    int top = height, bottom = -1, left = width, right = -1;
    for (int row = 0; row < height; ++row) {
      for (int col = 0; col < width; ++col) {
        if (out[static_cast<std::size_t>(row * width + col)] != 0) continue;
        top = std::min(top, row);
        bottom = std::max(bottom, row);
        left = std::min(left, col);
        right = std::max(right, col);
      }
    }
    CHECK(gone == (bottom - top + 1) * (right - left + 1));
    CHECK(gone >= 0.02 * height * width * 0.8);
    CHECK(gone <= 0.33 * height * width * 1.1);
  }
  CHECK(std::abs(erased - 100) < 5 * std::sqrt(400 * 0.25 * 0.75));
  CHECK(applied({.erase = 1}, image, height, width, 0) != image);
}

TEST_CASE("drawn numbers stay inside their ranges and fill them") {
  // One bright pixel right of the middle: its new position shows rotation and scale.
  const int side = 61, middle = 30;
  Bytes image(side * side, 0);
  image[middle * side + middle + 20] = 255;
  const auto lies = [&](const Augmentation& options, int sample) {
    const Bytes out = applied(options, image, side, side, 0, 1, sample);
    double x = 0.0, y = 0.0, mass = 0.0;
    for (int row = 0; row < side; ++row) {
      for (int col = 0; col < side; ++col) {
        const double p = out[static_cast<std::size_t>(row * side + col)];
        x += p * (col - middle);
        y += p * (row - middle);
        mass += p;
      }
    }
    return std::pair{x / mass, y / mass};
  };
  struct Range {
    double low = 1e9, high = -1e9;
    void add(double v) {
      low = std::min(low, v);
      high = std::max(high, v);
    }
  };
  Range angle, distance, moved_x, moved_y;
  for (int sample = 0; sample < 300; ++sample) {
    const auto [rx, ry] = lies({.rotate = 30}, sample);
    angle.add(std::atan2(ry, rx) * 180 / std::numbers::pi);
    distance.add(lies({.scale = 0.25}, sample).first);
    const auto [tx, ty] = lies({.translate = 4}, sample);
    moved_x.add(tx - 20);
    moved_y.add(ty);
  }
  const auto fills = [](const Range& range, double low, double high) {
    const double slack = 0.03 * (high - low);
    CAPTURE(range.low);
    CAPTURE(range.high);
    CHECK(range.low >= low - slack);
    CHECK(range.low <= low + slack);
    CHECK(range.high >= high - slack);
    CHECK(range.high <= high + slack);
  };
  fills(angle, -30, 30);
  fills(distance, 15, 25);
  fills(moved_x, -4, 4);
  fills(moved_y, -4, 4);
}

TEST_CASE("an image of nothing but background stays so") {
  for (const int background : {0, 17, 255}) {
    const Bytes image(28 * 28, static_cast<std::uint8_t>(background));
    for (int sample = 0; sample < 20; ++sample) {
      REQUIRE(applied(kEverything, image, 28, 28, background, 1, sample) == image);
    }
  }
}

TEST_CASE("seed, epoch and sample each give another version, and nothing else does") {
  TestRandom random(test_seed() + 73);
  const Bytes image = some_image(random, 28, 28, 0);
  const auto version = [&](int epoch, int sample, std::uint64_t seed) {
    return applied(kEverything, image, 28, 28, 0, epoch, sample, seed);
  };
  CHECK(version(1, 0, 1) == version(1, 0, 1));
  CHECK(version(1, 0, 1) != version(2, 0, 1));
  CHECK(version(1, 0, 1) != version(1, 1, 1));
  CHECK(version(1, 0, 1) != version(1, 0, 2));
}

TEST_CASE("batches hold each sample's version, whatever the batch, the threads or the layout") {
  const std::uint64_t seed = test_seed() + 74;
  INFO("seed ", seed);
  TestRandom random(seed);
  const int count = 50, height = 9, width = 11, pixels = height * width, background = 17;
  Bytes all, labels;
  for (int i = 0; i < count; ++i) {
    const Bytes image = some_image(random, height, width, background);
    all.insert(all.end(), image.begin(), image.end());
    labels.push_back(static_cast<std::uint8_t>(i));  // its own number
  }
  const ImageSet set(height, width, all, labels);
  const Augmenter augmenter(kEverything, height, width, background, 4);
  const PixelTable table = pixel_table(0.3, 0.2, background);
  for (const int threads : {1, 2, 4}) {
    for (const int rows_at_once : {50, 13, 1}) {
      for (const bool sparse : {false, true}) {
        cpu::CpuBackend backend("auto", threads);
        Batcher batcher({pixels, rows_at_once, rows_at_once, table, sparse, background, &augmenter},
                        backend);
        for (const int epoch : {1, 2}) {
          batcher.shuffle(4, epoch, count);
          for (int first = 0; first < count; first += rows_at_once) {
            const int rows = std::min(rows_at_once, count - first);
            const Batch batch = batcher.shuffled(set, first, rows);
            if (first + rows < count) {
              batcher.prepare(set, first + rows, std::min(rows_at_once, count - first - rows));
            }
            for (int row = 0; row < rows; ++row) {
              const int sample = batch.labels[row];
              const auto image = set.image(sample);
              const Bytes expected = applied(kEverything, Bytes(image.begin(), image.end()), height,
                                             width, background, epoch, sample, 4);
              std::vector<float> found(static_cast<std::size_t>(pixels), 0.0f);
              if (sparse) {
                const SparseLists& lists = batch.input.rows;
                for (std::uint32_t e = lists.begin[row]; e < lists.end[row]; ++e) {
                  found[lists.entries[e].offset / kPanel] = lists.entries[e].value;
                }
              } else {
                for (int c = 0; c < pixels; ++c)
                  found[static_cast<std::size_t>(c)] = batch.input.values.at(row, c);
              }
              for (std::size_t c = 0; c < found.size(); ++c)
                REQUIRE(found[c] == table.values[expected[c]]);
            }
          }
        }
        // Scored samples are never augmented.
        const Batch scored = batcher.in_order(set, 7, 1);
        CHECK(scored.labels[0] == 7);
        if (!sparse) {
          for (int c = 0; c < pixels; ++c)
            REQUIRE(scored.input.values.at(0, c) ==
                    table.values[set.image(7)[static_cast<std::size_t>(c)]]);
        }
      }
    }
  }
}

TEST_CASE("a session shows the versions that it trains on") {
  TestRandom random(test_seed() + 75);
  Bytes pixels, labels;
  for (int i = 0; i < 20; ++i) {
    const Bytes image = some_image(random, 6, 7, 0);
    pixels.insert(pixels.end(), image.begin(), image.end());
    labels.push_back(static_cast<std::uint8_t>(i % 10));
  }
  const auto data = std::make_shared<const Dataset>(
      "small", Dataset::Files{idx_bytes({20, 6, 7}, pixels), idx_bytes({20}, labels),
                              idx_bytes({20, 6, 7}, pixels), idx_bytes({20}, labels)});
  Config config;
  config.model = "dense 10";
  const Bytes image(pixels.begin() + 3 * 42, pixels.begin() + 4 * 42);
  const Bytes plain = augmented(*data, config, 3, 2);
  CHECK(Bytes(plain.begin(), plain.begin() + 42) == image);
  CHECK(Bytes(plain.begin() + 42, plain.end()) == image);
  config.augment_rotate = 25;
  config.augment_elastic = 10;
  config.seed = 12;
  const Bytes versions = augmented(*data, config, 3, 4);
  REQUIRE(versions.size() == 4 * 42);
  for (int epoch = 1; epoch <= 4; ++epoch) {
    CHECK(Bytes(versions.begin() + (epoch - 1) * 42, versions.begin() + epoch * 42) ==
          applied({.rotate = 25, .elastic = 10}, image, 6, 7, data->background(), epoch, 3, 12));
  }
  CHECK_THROWS_WITH_AS(augmented(*data, config, 20, 1), "image 20 does not exist; 0 to 19 do",
                       Error);
  CHECK_THROWS_WITH_AS(augmented(*data, config, -1, 1), "image -1 does not exist; 0 to 19 do",
                       Error);
  CHECK_THROWS_WITH_AS(augmented(*data, config, 0, 0),
                       "versions: 0 were asked for, but 1 to 1000 are allowed", Error);
}

TEST_CASE("what is erased is the rectangle that was drawn, up to the very edges") {
  struct Size {
    int height, width;
  };
  const auto side = [](double length, int most) {
    return std::clamp(static_cast<int>(std::floor(length + 0.5)), 1, most);
  };
  for (const Size& size : {Size{9, 13}, Size{5, 24}, Size{24, 5}, Size{1, 6}, Size{3, 1}}) {
    const int height = size.height, width = size.width;
    CAPTURE(height);
    CAPTURE(width);
    const Bytes image(static_cast<std::size_t>(height * width), 200);
    int erased = 0, at_left = 0, at_right = 0, at_top = 0, at_bottom = 0;
    for (int sample = 0; sample < 600; ++sample) {
      const Rng rng(31, Purpose::kAugment, 4);
      const std::uint64_t first = (static_cast<std::uint64_t>(sample) << 32) + 8;
      const double share = 0.02 + 0.31 * rng.uniform(first + 1);
      const double ratio =
          0.3 * std::pow(11.0, rng.uniform(first + 2));  // 0.3 to 3.3 on a log scale
      const double tall = std::sqrt(share * height * width * ratio),
                   wide = std::sqrt(share * height * width / ratio);
      const auto near_half = [](double length) {
        return std::abs(length - std::floor(length) - 0.5) < 1e-9;
      };
      if (near_half(tall) || near_half(wide)) continue;
      const int rows = side(tall, height), cols = side(wide, width);
      const int top = static_cast<int>(rng.uniform(first + 3) * (height - rows + 1));
      const int left = static_cast<int>(rng.uniform(first + 4) * (width - cols + 1));
      const bool any = rng.uniform(first) < 0.75;
      Bytes wanted = image;
      const ErasedPart part = draw_erased({.erase = 0.75}, height, width, rng, sample);
      for (int row = 0; row < height; ++row) {
        for (int col = 0; col < width; ++col) {
          const bool inside =
              any && row >= top && row <= top + rows - 1 && col >= left && col <= left + cols - 1;
          if (inside) wanted[static_cast<std::size_t>(row * width + col)] = 7;
          CHECK(part.has(row, col) == inside);
        }
      }
      CHECK(applied({.erase = 0.75}, image, height, width, 7, 4, sample, 31) == wanted);
      if (!any) continue;
      ++erased;
      at_left += left == 0;
      at_right += left + cols == width;
      at_top += top == 0;
      at_bottom += top + rows == height;
    }
    CHECK(erased > 400);
    for (const int count : {at_left, at_right, at_top, at_bottom}) CHECK(count > 10);
  }
}

TEST_CASE("noise is added in double, kept between 0 and 255, and rounded") {
  const int height = 16, width = 32, sample = 12, epoch = 2;
  for (const double deviation : {0.4, 20.0, 255.0}) {
    Bytes image;
    for (int i = 0; i < height * width; ++i) {  // near both ends, and between
      const int value = i % 3 == 0 ? i % 6 : i % 3 == 1 ? 255 - i % 4 : i % 256;
      image.push_back(static_cast<std::uint8_t>(value));
    }
    const Bytes out = applied({.noise = deviation}, image, height, width, 9, epoch, sample, 5);
    const Rng rng(5, Purpose::kAugment, epoch);
    int black = 0, white = 0;
    for (std::size_t i = 0; i < image.size(); ++i) {
      if (image[i] == 9) {
        CHECK(out[i] == 9);
        continue;
      }
      const double value =
          image[i] + deviation * rng.normal((std::uint64_t{sample} << 32) + (3 << 24) + i);
      black += value < -0.5;
      white += value > 255.5;
      if (std::abs(value - std::floor(value) - 0.5) < 1e-9) continue;
      CHECK(out[i] == static_cast<int>(std::floor(std::clamp(value, 0.0, 255.0) + 0.5)));
    }
    CHECK(black > 0);
    CHECK(white > 0);
  }
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("bits");

TEST_CASE("augmented images are the same bytes on every machine") {
  // A computed picture, so that only augmentation can differ.
  Bytes image(28 * 28);
  for (int row = 0; row < 28; ++row) {
    for (int col = 0; col < 28; ++col) {
      const int value = 300 - 3 * ((row - 13) * (row - 13) + 2 * (col - 14) * (col - 14));
      image[static_cast<std::size_t>(row * 28 + col)] =
          static_cast<std::uint8_t>(std::clamp(value, 0, 255));
    }
  }
  const auto hash_of = [&](const Augmentation& options) {
    Sha256 hash;
    for (int epoch = 1; epoch <= 5; ++epoch) {
      for (int sample = 0; sample < 40; ++sample) {
        hash.add(applied(options, image, 28, 28, 0, epoch, sample));
      }
    }
    return hash.hex();
  };
  CHECK(hash_of({.rotate = 15, .translate = 2, .scale = 0.1, .shear = 8}) ==
        "bac38ee310fe28233e0769838fef83092fef252942fb10f54766e560fb59f908");
  CHECK(hash_of({.elastic = 34, .elastic_sigma = 4}) ==
        "3e9e4ce985aabfc239770f4bab78ea73c64b216c3ae6116133e4dce9c554cd5f");
  CHECK(hash_of({.noise = 30}) ==
        "cdc6976cafdbdc6861210c4a59e126f55ecd94eb8215ae4c7c616e45d14b0a67");
  CHECK(hash_of({.erase = 0.5}) ==
        "71394a30a05bc0cdf8f2acf438ffa92cc6c33d6c7865d311c0b96cc10a025c82");
  CHECK(hash_of(kEverything) == "b24aafb601aad22c5e7a13084e422a2a1faf8335115700ce9d1f585f79b0afd3");
}

TEST_SUITE_END();
