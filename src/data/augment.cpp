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

Augmenter::Workspace Augmenter::make_workspace() const {
  Workspace workspace;
  const auto pixels = static_cast<std::size_t>(height_) * static_cast<std::size_t>(width_);
  workspace.padded.resize(static_cast<std::size_t>(height_ + 3) *
                          static_cast<std::size_t>(width_ + 3));
  if (options_.elastic != 0.0) {
    workspace.random.resize(static_cast<std::size_t>(width_ + 2 * radius_));
    workspace.smooth_rows.resize(pixels);
    workspace.dx.resize(pixels);
    workspace.dy.resize(pixels);
  }
  return workspace;
}

// Uniform numbers smoothed along rows, then along columns; beyond the edges the field is 0.
void Augmenter::displace(const Rng& rng, std::uint64_t element, Workspace& workspace,
                         std::vector<float>& field) const {
  const auto width = static_cast<std::size_t>(width_);
  const int taps = static_cast<int>(gaussian_.size());
  Philox4 words{};
  std::size_t drawn = 0;
  for (int row = 0; row < height_; ++row) {
    float* const random = workspace.random.data();
    for (int x = 0; x < width_; ++x, ++drawn) {
      if (drawn % 4 == 0) words = rng.bits(element + drawn / 4);
      random[radius_ + x] = static_cast<float>(static_cast<std::int32_t>(words[drawn % 4])) * 0x1p-31f;
    }
    float* const smooth = workspace.smooth_rows.data() + static_cast<std::size_t>(row) * width;
    for (int x = 0; x < width_; ++x) smooth[x] = 0.0f;
    for (int t = 0; t < taps; ++t) {
      const float weight = gaussian_[static_cast<std::size_t>(t)];
      for (int x = 0; x < width_; ++x) smooth[x] += weight * random[x + t];
    }
  }
  const auto alpha = static_cast<float>(options_.elastic);
  for (int row = 0; row < height_; ++row) {
    float* const to = field.data() + static_cast<std::size_t>(row) * width;
    for (int x = 0; x < width_; ++x) to[x] = 0.0f;
    for (int t = 0; t < taps; ++t) {
      const int from = row + t - radius_;
      if (from < 0 || from >= height_) continue;
      const float weight = gaussian_[static_cast<std::size_t>(t)];
      const float* const smooth =
          workspace.smooth_rows.data() + static_cast<std::size_t>(from) * width;
      for (int x = 0; x < width_; ++x) to[x] += weight * smooth[x];
    }
    for (int x = 0; x < width_; ++x) to[x] *= alpha;
  }
}

void Augmenter::warp(std::span<const std::uint8_t> image, const Affine& a, bool displaced,
                     Workspace& workspace, std::span<std::uint8_t> out) const {
  // One pixel of background around the image, and one more where x + 1 may be rounded up to. Only
  // positions less than a pixel away from what is not background are looked at further.
  const auto width = static_cast<std::size_t>(width_), stride = width + 3;
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
  const double low_x = left - 1, high_x = right + 1, low_y = top - 1, high_y = bottom + 1;
  std::size_t at = 0;
  for (int row = 0; row < height_; ++row) {
    const double row_x = a.xy * row + a.x, row_y = a.yy * row + a.y;
    for (int col = 0; col < width_; ++col, ++at) {
      double x = a.xx * col + row_x, y = a.yx * col + row_y;
      if (displaced) {
        x += static_cast<double>(workspace.dx[at]);
        y += static_cast<double>(workspace.dy[at]);
      }
      if (!(x > low_x && x < high_x && y > low_y && y < high_y)) continue;
      const int x1 = static_cast<int>(x + 1.0), y1 = static_cast<int>(y + 1.0);  // in padded
      const double fx = x - (x1 - 1), fy = y - (y1 - 1);
      const std::uint8_t* const from =
          padded + static_cast<std::size_t>(y1) * stride + static_cast<std::size_t>(x1);
      const double upper = from[0] + fx * (from[1] - from[0]);
      const double lower = from[stride] + fx * (from[stride + 1] - from[stride]);
      out[at] = static_cast<std::uint8_t>(upper + fy * (lower - upper) + 0.5);
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
  if (displaced) {
    displace(rng, first + kFieldX, workspace, workspace.dx);
    displace(rng, first + kFieldY, workspace, workspace.dy);
  }
  const Affine affine = affine_of(
      height_, width_, draw(kRotate, options_.rotate), 1.0 + draw(kScale, options_.scale),
      draw(kShear, options_.shear), draw(kMoveX, options_.translate),
      draw(kMoveY, options_.translate));
  warp(image, affine, displaced, workspace, out);
  if (options_.noise != 0.0) add_noise(rng, first + kNoise, out);
  if (options_.erase != 0.0) erase(rng, first + kErase, out);
}

}  // namespace reluscope
