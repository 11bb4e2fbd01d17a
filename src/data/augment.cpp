#include "data/augment.h"

#include <algorithm>
#include <cstring>

#include "core/math.h"

namespace reluscope {
namespace {

// Elements of a sample's stream: a few draws, then one for each pixel or four pixels.
enum : std::uint64_t { kRotate, kMoveX, kMoveY, kScale, kShear, kErase = 8 };
constexpr std::uint64_t kFieldX = 1 << 24, kFieldY = 2 << 24, kNoise = 3 << 24;

double cos_degrees(double degrees) {
  const double turn = degrees / 360.0;
  return scalar::cos_2pi(turn < 0.0 ? -turn : turn);
}
double sin_degrees(double degrees) { return cos_degrees(degrees - 90.0); }

double between(double low, double high, double uniform) { return low + (high - low) * uniform; }

// y[i] = sum over t of weights[t] x[i + t * step], for kBlock neighbours at a time: each has one sum, t
// ascending. The compilers' own vectors, of the size that every processor has, keep the sums in
// registers.
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

int round_up(int count) { return (count + kBlock - 1) / kBlock * kBlock; }

// Positions are in units of 2^-32 pixels, so that they add up exactly.
constexpr int kPositionBits = 32;
std::int64_t position(double pixels) { return static_cast<std::int64_t>(pixels * 0x1p32); }

}  // namespace

bool Augmentation::any() const {
  return rotate != 0.0 || translate != 0.0 || scale != 0.0 || shear != 0.0 || elastic != 0.0 ||
         noise != 0.0 || erase != 0.0;
}

// Forward q = c + d + s R K (p - c) with R = [cos -sin; sin cos] and K = [1 t; 0 1], so back
// p = c + K^-1 R^T (q - c - d) / s.
Affine affine_of(int height, int width, double rotate, double scale, double shear, double dx,
                 double dy) {
  const double cosine = cos_degrees(rotate) / scale, sine = sin_degrees(rotate) / scale;
  const double tangent = sin_degrees(shear) / cos_degrees(shear);
  Affine a;
  a.yx = -sine;
  a.yy = cosine;
  a.xx = cosine - tangent * a.yx;
  a.xy = sine - tangent * a.yy;
  const double cx = (width - 1) / 2.0, cy = (height - 1) / 2.0;
  a.x = cx - a.xx * (cx + dx) - a.xy * (cy + dy);
  a.y = cy - a.yx * (cx + dx) - a.yy * (cy + dy);
  return a;
}

Augmenter::Augmenter(const Augmentation& options, int height, int width, int background,
                     std::uint64_t seed)
    : options_(options),
      height_(height),
      width_(width),
      background_(static_cast<std::uint8_t>(background)),
      seed_(seed) {
  const double sigma = options.elastic_sigma;
  radius_ = options.elastic == 0.0 ? 0 : static_cast<int>(3.0 * sigma) + 1;
  std::vector<double> weights;
  double sum = 0.0;
  for (int t = -radius_; t <= radius_; ++t) {
    weights.push_back(scalar::exp(-0.5 * (t / sigma) * (t / sigma)));
    sum += weights.back();
  }
  for (const double weight : weights) gaussian_.push_back(static_cast<float>(weight / sum));
}

int Augmenter::field_stride() const { return round_up(width_); }

Augmenter::Workspace Augmenter::make_workspace() const {
  Workspace workspace;
  const auto size = [](int rows, int cols) {
    return static_cast<std::size_t>(rows) * static_cast<std::size_t>(cols);
  };
  workspace.padded.resize(size(height_ + 2, width_ + 2));
  if (options_.elastic != 0.0) {
    const int stride = field_stride();
    workspace.random.resize(size(1, stride + 2 * radius_));
    workspace.smooth_rows.resize(size(height_ + 2 * radius_, stride));
    workspace.dx.resize(size(height_, stride));
    workspace.dy.resize(size(height_, stride));
  }
  return workspace;
}

// Uniform numbers smoothed along rows, then along columns. Around the image the field is 0.
void Augmenter::displace(const Rng& rng, std::uint64_t element, Workspace& workspace,
                         std::vector<float>& field) const {
  const int taps = static_cast<int>(gaussian_.size()), stride = field_stride();
  float* const random = workspace.random.data();
  // Rows between radius_ rows of 0.
  float* const rows = workspace.smooth_rows.data() + radius_ * stride;
  Philox4 words{};
  std::size_t drawn = 0;
  for (int row = 0; row < height_; ++row) {
    for (int x = 0; x < width_; ++x, ++drawn) {
      if (drawn % 4 == 0) words = rng.bits(element + drawn / 4);
      random[radius_ + x] =
          static_cast<float>(static_cast<std::int32_t>(words[drawn % 4])) * 0x1p-31f;
    }
    for (int x = 0; x < stride; x += kBlock) {
      smooth(random + x, 1, gaussian_.data(), taps, rows + row * stride + x);
    }
  }
  const auto alpha = static_cast<float>(options_.elastic);
  for (int row = 0; row < height_; ++row) {
    float* const to = field.data() + row * stride;
    for (int x = 0; x < stride; x += kBlock) {
      smooth(rows + (row - radius_) * stride + x, stride, gaussian_.data(), taps, to + x);
    }
    for (int x = 0; x < stride; ++x) to[x] *= alpha;
  }
}

void Augmenter::warp(std::span<const std::uint8_t> image, const Affine& affine, bool displaced,
                     Workspace& workspace, std::span<std::uint8_t> out) const {
  // The image with one pixel of background around it, and the box of what is not background.
  const auto width = static_cast<std::size_t>(width_), stride = width + 2;
  std::uint8_t* const padded = workspace.padded.data();
  std::memset(padded, background_, workspace.padded.size());
  int top = height_, bottom = -1, left = width_, right = -1;
  for (int row = 0; row < height_; ++row) {
    const std::uint8_t* const from = image.data() + static_cast<std::size_t>(row) * width;
    std::memcpy(padded + static_cast<std::size_t>(row + 1) * stride + 1, from, width);
    int first = 0, last = width_ - 1;
    while (first < width_ && from[first] == background_) ++first;
    if (first == width_) continue;
    while (from[last] == background_) --last;
    top = std::min(top, row);
    bottom = row;
    left = std::min(left, first);
    right = std::max(right, last);
  }
  std::memset(out.data(), background_, out.size());
  if (bottom < top) return;

  const std::int64_t xx = position(affine.xx), yx = position(affine.yx);
  const std::int64_t low_x = position(left - 1), low_y = position(top - 1);
  const auto wide = static_cast<std::uint64_t>(position(right + 1) - low_x);
  const auto high = static_cast<std::uint64_t>(position(bottom + 1) - low_y);
  const std::uint8_t* const corner =
      padded + static_cast<std::size_t>(top) * stride + static_cast<std::size_t>(left);
  constexpr int kBits = 16;  // of the fractions that pixels are mixed by
  constexpr std::uint64_t kOne = 1 << kBits, kHalf = std::uint64_t{1} << (2 * kBits - 1);
  for (int row = 0; row < height_; ++row) {
    std::int64_t at_x = position(affine.xy * row + affine.x) - low_x;
    std::int64_t at_y = position(affine.yy * row + affine.y) - low_y;
    std::uint8_t* const to = out.data() + static_cast<std::size_t>(row) * width;
    const std::size_t field = static_cast<std::size_t>(row * field_stride());
    for (std::size_t col = 0; col < width; ++col, at_x += xx, at_y += yx) {
      auto x = static_cast<std::uint64_t>(at_x), y = static_cast<std::uint64_t>(at_y);
      if (displaced) {
        x += static_cast<std::uint64_t>(position(static_cast<double>(workspace.dx[field + col])));
        y += static_cast<std::uint64_t>(position(static_cast<double>(workspace.dy[field + col])));
      }
      // Outside of the box, and a pixel around it, is nothing but background.
      if (x >= wide || y >= high) continue;
      const std::uint8_t* const p = corner + (y >> kPositionBits) * stride + (x >> kPositionBits);
      const std::uint64_t fx = (x >> (kPositionBits - kBits)) % kOne;
      const std::uint64_t fy = (y >> (kPositionBits - kBits)) % kOne;
      const std::uint64_t upper = p[0] * (kOne - fx) + p[1] * fx;
      const std::uint64_t lower = p[stride] * (kOne - fx) + p[stride + 1] * fx;
      to[col] = static_cast<std::uint8_t>((upper * (kOne - fy) + lower * fy + kHalf) >> (2 * kBits));
    }
  }
}

void Augmenter::add_noise(const Rng& rng, std::uint64_t element,
                          std::span<std::uint8_t> pixels) const {
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    if (pixels[i] == background_) continue;
    const double value = pixels[i] + options_.noise * rng.normal(element + i);
    pixels[i] = static_cast<std::uint8_t>(std::clamp(value, 0.0, 255.0) + 0.5);
  }
}

void Augmenter::erase(const Rng& rng, std::uint64_t element,
                      std::span<std::uint8_t> pixels) const {
  if (rng.uniform(element) >= options_.erase) return;
  const double area = between(0.02, 0.33, rng.uniform(element + 1)) * height_ * width_;
  const double ratio = scalar::exp(
      between(scalar::log(0.3), scalar::log(3.3), rng.uniform(element + 2)));
  const auto rounded = [](double side, int most) {
    return std::clamp(static_cast<int>(side + 0.5), 1, most);
  };
  const int rows = rounded(scalar::sqrt(area * ratio), height_);
  const int cols = rounded(scalar::sqrt(area / ratio), width_);
  const int top = static_cast<int>(rng.uniform(element + 3) * (height_ - rows + 1));
  const int left = static_cast<int>(rng.uniform(element + 4) * (width_ - cols + 1));
  for (int row = top; row < top + rows; ++row) {
    std::memset(pixels.data() + row * width_ + left, background_, static_cast<std::size_t>(cols));
  }
}

void Augmenter::apply(std::span<const std::uint8_t> image, int epoch, int sample,
                      Workspace& workspace, std::span<std::uint8_t> out) const {
  const Rng rng(seed_, Purpose::kAugment, static_cast<std::uint32_t>(epoch));
  const std::uint64_t first = std::uint64_t{static_cast<std::uint32_t>(sample)} << 32;
  const auto draw = [&](std::uint64_t what, double most) {
    return most == 0.0 ? 0.0 : between(-most, most, rng.uniform(first + what));
  };
  const bool displaced = options_.elastic != 0.0;
  const bool moves = displaced || options_.rotate != 0.0 || options_.translate != 0.0 ||
                     options_.scale != 0.0 || options_.shear != 0.0;
  if (displaced) {
    displace(rng, first + kFieldX, workspace, workspace.dx);
    displace(rng, first + kFieldY, workspace, workspace.dy);
  }
  if (moves) {
    warp(image, affine_of(height_, width_, draw(kRotate, options_.rotate),
                          1.0 + draw(kScale, options_.scale), draw(kShear, options_.shear),
                          draw(kMoveX, options_.translate), draw(kMoveY, options_.translate)),
         displaced, workspace, out);
  } else {
    std::copy(image.begin(), image.end(), out.begin());
  }
  if (options_.noise != 0.0) add_noise(rng, first + kNoise, out);
  if (options_.erase != 0.0) erase(rng, first + kErase, out);
}

}  // namespace reluscope
