#include "data/augment.h"

#include <algorithm>
#include <cstring>

#include "core/math.h"

namespace reluscope {
namespace {

// y[i] = sum over t of weights[t] x[i + t * step], for kBlock neighbouring i: one sum each, t
// ascending. Compiler vectors of 16 bytes, which every target has, keep the sums in registers.
using Quad = float __attribute__((vector_size(16)));
constexpr int kBlock = 16;
Quad load(const float* from) {
  Quad quad;
  std::memcpy(&quad, from, sizeof quad);
  return quad;
}
void smooth(const float* x, int step, const float* weights, int taps, float* y) {
  Quad a = {}, b = {}, c = {}, d = {};
  for (int t = 0; t < taps; ++t, x += step) {
    a += weights[t] * load(x);
    b += weights[t] * load(x + 4);
    c += weights[t] * load(x + 8);
    d += weights[t] * load(x + 12);
  }
  const Quad sums[] = {a, b, c, d};
  std::memcpy(y, sums, sizeof sums);
}

}  // namespace

Augmenter::Augmenter(const Augmentation& options, int height, int width, int background,
                     std::uint64_t seed)
    : plan_{.options = options,
            .height = height,
            .width = width,
            .background = static_cast<std::uint8_t>(background),
            .seed = seed,
            .gaussian = {}} {
  const double sigma = options.elastic_sigma;
  const int radius = options.elastic == 0.0 ? 0 : static_cast<int>(3.0 * sigma) + 1;
  std::vector<double> weights;
  double sum = 0.0;
  for (int t = -radius; t <= radius; ++t) {
    weights.push_back(scalar::exp(-0.5 * (t / sigma) * (t / sigma)));
    sum += weights.back();
  }
  for (const double weight : weights) gaussian_.push_back(static_cast<float>(weight / sum));
  plan_.gaussian = gaussian_;
}

int Augmenter::field_stride() const { return (plan_.width + kBlock - 1) / kBlock * kBlock; }

Augmenter::Workspace Augmenter::make_workspace() const {
  Workspace workspace;
  workspace.padded.resize((plan_.height + 2) * (plan_.width + 2));
  if (plan_.options.elastic != 0.0) {
    const int stride = field_stride();
    workspace.random.resize(stride + 2 * plan_.radius());
    workspace.smooth_rows.resize((plan_.height + 2 * plan_.radius()) * stride);
    workspace.dx.resize(plan_.height * stride);
    workspace.dy.resize(plan_.height * stride);
  }
  return workspace;
}

// Smooths uniform numbers along rows, then along columns. Outside the image the field is 0.
void Augmenter::displace(const Rng& rng, std::uint64_t element, Workspace& workspace,
                         std::vector<float>& field) const {
  const int radius = plan_.radius();
  const int taps = static_cast<int>(gaussian_.size()), stride = field_stride();
  float* const random = workspace.random.data();
  // `radius` rows of zeros lie before and after these rows.
  float* const rows = workspace.smooth_rows.data() + radius * stride;
  Philox4 words{};
  std::size_t drawn = 0;
  for (int row = 0; row < plan_.height; ++row) {
    for (int x = 0; x < plan_.width; ++x, ++drawn) {
      if (drawn % 4 == 0) words = rng.bits(element + drawn / 4);
      random[radius + x] = field_value(words[drawn % 4]);
    }
    for (int x = 0; x < stride; x += kBlock) {
      smooth(random + x, 1, gaussian_.data(), taps, rows + row * stride + x);
    }
  }
  const auto alpha = static_cast<float>(plan_.options.elastic);
  for (int row = 0; row < plan_.height; ++row) {
    float* const to = field.data() + row * stride;
    for (int x = 0; x < stride; x += kBlock) {
      smooth(rows + (row - radius) * stride + x, stride, gaussian_.data(), taps, to + x);
    }
    for (int x = 0; x < stride; ++x) to[x] *= alpha;
  }
}

void Augmenter::warp(std::span<const std::uint8_t> image, const Affine& affine, bool displaced,
                     Workspace& workspace, std::span<std::uint8_t> out) const {
  // Copies the image with a border of one background pixel, and finds the bounding box of the
  // pixels that differ from the background.
  const auto width = static_cast<std::size_t>(plan_.width), stride = width + 2;
  std::uint8_t* const padded = workspace.padded.data();
  std::memset(padded, plan_.background, workspace.padded.size());
  int top = plan_.height, bottom = -1, left = plan_.width, right = -1;
  for (int row = 0; row < plan_.height; ++row) {
    const std::uint8_t* const from = image.data() + row * width;
    std::memcpy(padded + (row + 1) * stride + 1, from, width);
    int first = 0, last = plan_.width - 1;
    while (first < plan_.width && from[first] == plan_.background) ++first;
    if (first == plan_.width) continue;
    while (from[last] == plan_.background) --last;
    top = std::min(top, row);
    bottom = row;
    left = std::min(left, first);
    right = std::max(right, last);
  }
  std::memset(out.data(), plan_.background, out.size());
  if (bottom < top) return;

  const std::int64_t xx = position(affine.xx), yx = position(affine.yx);
  const std::int64_t low_x = position(left - 1), low_y = position(top - 1);
  const auto wide = static_cast<std::uint64_t>(position(right + 1) - low_x);
  const auto high = static_cast<std::uint64_t>(position(bottom + 1) - low_y);
  const std::uint8_t* const corner = padded + top * stride + left;
  for (int row = 0; row < plan_.height; ++row) {
    std::int64_t at_x = position(affine.xy * row + affine.x) - low_x;
    std::int64_t at_y = position(affine.yy * row + affine.y) - low_y;
    std::uint8_t* const to = out.data() + row * width;
    const std::size_t field = row * field_stride();
    for (std::size_t col = 0; col < width; ++col, at_x += xx, at_y += yx) {
      auto x = static_cast<std::uint64_t>(at_x), y = static_cast<std::uint64_t>(at_y);
      if (displaced) {
        x += static_cast<std::uint64_t>(position(static_cast<double>(workspace.dx[field + col])));
        y += static_cast<std::uint64_t>(position(static_cast<double>(workspace.dy[field + col])));
      }
      // Beyond the box and one pixel around it there is only background.
      if (x >= wide || y >= high) continue;
      const std::uint8_t* const p = corner + (y >> kPositionBits) * stride + (x >> kPositionBits);
      to[col] = mixed(p[0], p[1], p[stride], p[stride + 1], x, y);
    }
  }
}

void Augmenter::apply(std::span<const std::uint8_t> image, int epoch, int sample,
                      Workspace& workspace, std::span<std::uint8_t> out) const {
  const Rng rng(plan_.seed, Purpose::kAugment, static_cast<std::uint32_t>(epoch));
  const std::uint64_t first = sample_element(sample);
  const bool displaced = plan_.options.elastic != 0.0;
  if (displaced) {
    displace(rng, first + AugmentElements::kFieldX, workspace, workspace.dx);
    displace(rng, first + AugmentElements::kFieldY, workspace, workspace.dy);
  }
  if (plan_.options.moves()) {
    warp(image, draw_affine(plan_.options, plan_.height, plan_.width, rng, sample), displaced,
         workspace, out);
  } else {
    std::copy(image.begin(), image.end(), out.begin());
  }
  for (std::size_t i = 0; i < out.size() && plan_.options.noise != 0.0; ++i) {
    if (out[i] == plan_.background) continue;
    out[i] = noisy(out[i], plan_.options.noise, rng, first + AugmentElements::kNoise + i);
  }
  const ErasedPart part = draw_erased(plan_.options, plan_.height, plan_.width, rng, sample);
  for (int row = part.top; row < part.top + part.rows; ++row) {
    std::fill_n(out.data() + row * plan_.width + part.left, part.cols, plan_.background);
  }
}

}  // namespace reluscope
