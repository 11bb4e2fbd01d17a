// Checks of batches and random numbers.
#include <algorithm>
#include <span>
#include <utility>

#include "core/rng.h"
#include "cuda/checks/checks.h"
#include "data/augment.h"

namespace reluscope::cuda {
namespace {

void check_random(Bench& b) {
  for (const Sizes& s : kShapes) {
    const MatrixView x = b.random(s.n, s.in);
    const Dropping dropping{.seed = 7,
                            .purpose = static_cast<std::uint32_t>(Purpose::kDropout),
                            .step = 11,
                            .layer = 3,
                            .threshold = 1u << 30,
                            .scale = 4.0f / 3.0f};
    b.backend.dropout(dropping, x, b.output("dropout", s.n, s.in, true));
    b.backend.fill_uniform(Rng(7, Purpose::kSlope, 5), 2, 0.125f, 0.333f,
                           b.output("fill_uniform", s.n, s.in));
  }
}

// Labelled images, which a device identifies by their address.
struct Images {
  int height, width, count;
  std::vector<std::uint8_t>& pixels;
  std::vector<std::uint8_t>& labels;
  std::vector<float> table;

  // background: how many eighths of the pixels are kBackground.
  Images(Bench& b, int h, int w, int n, int background)
      : height(h), width(w), count(n), pixels(b.bytes()), labels(b.bytes()) {
    for (int i = 0; i < n * h * w; ++i) {
      const int value = b.below(256);
      pixels.push_back(static_cast<std::uint8_t>(b.below(8) < background ? kBackground : value));
    }
    for (int i = 0; i < n; ++i) labels.push_back(static_cast<std::uint8_t>(b.below(256)));
    for (int i = 0; i < 256; ++i) table.push_back(b.real(-1.0f, 3.0f));
  }
  static constexpr int kBackground = 7;
};

// Gathers samples by a list or by an order. The host does it if the backend cannot.
void gather(Bench& b, const Images& set, const std::vector<int>& samples, bool by_order,
            const Augmenter* augmenter) {
  const int rows = static_cast<int>(samples.size()), pixels = set.height * set.width;
  const MatrixView to = b.output("pixels", rows, pixels, true);
  auto* const labels = reinterpret_cast<std::uint8_t*>(b.poison(samples.size()));
  auto* const order = reinterpret_cast<std::uint64_t*>(b.poison(2 * samples.size()));
  for (std::size_t i = 0; i < samples.size(); ++i) {
    order[i] = (std::uint64_t{0xFEDC1234u} << 32) | static_cast<std::uint32_t>(samples[i]);
  }
  const Gathering gathering{.images = set.pixels.data(),
                            .count = set.count,
                            .pixels = pixels,
                            .samples = by_order ? nullptr : samples.data(),
                            .table = set.table.data(),
                            .to = to,
                            .labels = set.labels.data(),
                            .to_labels = labels,
                            .order = by_order ? order : nullptr,
                            .changes = augmenter == nullptr ? nullptr : &augmenter->plan(),
                            .epoch = 3};
  if (!b.backend.gather(gathering)) {
    std::vector<std::uint8_t> image(pixels);
    Augmenter::Workspace workspace;
    if (augmenter != nullptr) workspace = augmenter->make_workspace();
    for (int row = 0; row < rows; ++row) {
      const auto at = static_cast<std::size_t>(samples[row]);
      const auto from =
          std::span<const std::uint8_t>(set.pixels).subspan(at * image.size(), image.size());
      std::copy(from.begin(), from.end(), image.begin());
      if (augmenter != nullptr)
        augmenter->apply(from, gathering.epoch, static_cast<int>(at), workspace, image);
      for (int c = 0; c < to.layout.padded_cols(); ++c) {
        to.at(row, c) = c < pixels ? set.table[image[c]] : 0.0f;
      }
      labels[row] = set.labels[at];
    }
  }
  b.backend.finish();
  b.host_result("labels", {labels, labels + rows});
}

std::vector<int> some_samples(Bench& b, int count, int below) {
  std::vector<int> samples;
  for (int i = 0; i < count; ++i) samples.push_back(b.below(below));
  return samples;
}

void check_gather(Bench& b) {
  for (const Sizes& s : kShapes) {
    const Images set(b, 1, std::max(s.in, 1), 50, 0);
    const std::vector<int> samples = some_samples(b, s.n, set.count);
    for (const bool by_order : {false, true}) gather(b, set, samples, by_order, nullptr);
  }
}

// Pixels are rounded to bytes, so the results must be equal.
void check_augmentation(Bench& b) {
  const Augmentation everything{.rotate = 12.0,
                                .translate = 2.0,
                                .scale = 0.2,
                                .shear = 9.0,
                                .elastic = 20.0,
                                .elastic_sigma = 2.5,
                                .noise = 30.0,
                                .erase = 0.6};
  Augmentation warp = everything, elastic{}, noise{}, erase{};
  warp.elastic = warp.noise = warp.erase = 0.0;
  elastic.elastic = 34.0;
  noise.noise = 60.0;
  erase.erase = 0.7;
  const Augmentation far{.rotate = 180.0,
                         .translate = 40.0,
                         .scale = 0.9,
                         .shear = 60.0,
                         .elastic = 3000.0,
                         .elastic_sigma = 0.4};  // mostly outside the image
  for (const Augmentation& options : {everything, warp, elastic, noise, erase, far}) {
    for (const auto& [height, width] : {std::pair{9, 11}, std::pair{1, 5}, std::pair{28, 28}}) {
      const Images set(b, height, width, 12, 5);
      const Augmenter augmenter(options, height, width, Images::kBackground, 77);
      gather(b, set, some_samples(b, 5, set.count), height > 1, &augmenter);
    }
  }
}

void check_shuffle(Bench& b) {
  for (const int count : {1, 2, 3, 100, 2047, 2048, 2049, 5000, 9001}) {
    auto* const there =
        reinterpret_cast<std::uint64_t*>(b.poison(2 * static_cast<std::size_t>(count)));
    for (int i = 0; i < count; ++i) there[i] = static_cast<std::uint64_t>(2 * (count - i));
    std::vector<std::uint64_t> order(count);
    for (const std::uint32_t epoch : {1u, 2u}) {  // epoch 2 starts from the order of epoch 1
      const Rng rng(5, Purpose::kShuffle, epoch);
      if (!b.backend.shuffle(rng, there, count, order.data())) {
        for (int i = 0; i < count; ++i) {
          const std::uint64_t sample = there[i] & 0xFFFFFFFFu;
          order[i] = (std::uint64_t{rng.bits(sample)[0]} << 32) | sample;
        }
        std::sort(order.begin(), order.end());
        std::copy(order.begin(), order.end(), there);
      }
      b.backend.finish();
      std::vector<float> samples;
      for (int i = 0; i < count; ++i) {
        samples.push_back(static_cast<float>(there[i] & 0xFFFFFFFFu));
        samples.push_back(static_cast<float>(order[i] >> 40));
      }
      b.host_result("order", samples);
    }
  }
}

}  // namespace

std::vector<Check> data_checks() {
  return {{"dropout, fill_uniform", check_random},
          {"gather", check_gather},
          {"augmentation", check_augmentation},
          {"shuffle", check_shuffle}};
}

}  // namespace reluscope::cuda
