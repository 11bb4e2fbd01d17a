// What augmentation draws for a sample, and what then becomes of a pixel: one source for the CPU,
// which makes an image row by row (data/augment.h), and for devices, which make each pixel on its
// own.
#pragma once

#include <cstdint>
#include <span>

#include "core/math.h"
#include "core/rng.h"
#include "core/target.h"

namespace reluscope {

struct Augmentation {      // all 0 but the width: off
  double rotate = 0.0;     // degrees: by an angle uniform in [-rotate, rotate]
  double translate = 0.0;  // pixels: by two numbers uniform in [-translate, translate]
  double scale = 0.0;      // by a factor uniform in [1 - scale, 1 + scale]
  double shear = 0.0;      // degrees: rows move against each other, by an angle in [-shear, shear]
  // Simard, Steinkraus, Platt, "Best practices for convolutional neural networks applied to visual
  // document analysis" (ICDAR 2003): each pixel is displaced by `elastic` times a field of uniform
  // random numbers in [-1, 1] smoothed by a Gaussian of `elastic_sigma` pixels, in x and in y.
  double elastic = 0.0;
  double elastic_sigma = 4.0;
  double noise = 0.0;  // standard deviation, in pixel values 0 to 255, of pixels not background
  // Zhong et al., "Random erasing data augmentation" (AAAI 2020): the probability that a rectangle
  // becomes background, 2% to 33% of the image, height / width from 0.3 to 3.3 on a log scale.
  double erase = 0.0;

  RELUSCOPE_FN bool moves() const {  // or distorts: each pixel is sampled somewhere
    return rotate != 0.0 || translate != 0.0 || scale != 0.0 || shear != 0.0 || elastic != 0.0;
  }
  RELUSCOPE_FN bool any() const { return moves() || noise != 0.0 || erase != 0.0; }
};

// All that an image's changes depend on besides the epoch and the sample.
struct AugmentPlan {
  Augmentation options;
  int height, width;  // of an image
  std::uint8_t background;
  std::uint64_t seed;
  std::span<const float> gaussian;  // weights at -radius .. radius, of sum 1; none: not elastic

  int radius() const { return static_cast<int>(gaussian.size() / 2); }
};

// Where the value of a pixel of the result comes from, in pixels of the image.
struct Affine {
  double xx = 1.0, xy = 0.0, x = 0.0;  // source x = xx column + xy row + x
  double yx = 0.0, yy = 1.0, y = 0.0;  // source y = yx column + yy row + y
};

// A rectangle that becomes background; none where there are no rows.
struct ErasedPart {
  int top = 0, left = 0, rows = 0, cols = 0;

  RELUSCOPE_FN bool has(int row, int col) const {
    return row >= top && row < top + rows && col >= left && col < left + cols;
  }
};

// Elements of a sample's stream, from sample_element() on: a few draws, then one for each pixel or
// four pixels.
struct AugmentElements {
  enum : std::uint64_t { kRotate, kMoveX, kMoveY, kScale, kShear, kErase = 8 };
  static constexpr std::uint64_t kFieldX = 1 << 24, kFieldY = 2 << 24, kNoise = 3 << 24;
};
RELUSCOPE_FN std::uint64_t sample_element(int sample) {
  return std::uint64_t{static_cast<std::uint32_t>(sample)} << 32;
}

RELUSCOPE_FN double cos_degrees(double degrees) {
  const double turn = degrees / 360.0;
  return scalar::cos_2pi(turn < 0.0 ? -turn : turn);
}
RELUSCOPE_FN double sin_degrees(double degrees) { return cos_degrees(degrees - 90.0); }

RELUSCOPE_FN double between(double low, double high, double uniform) {
  return low + (high - low) * uniform;
}

// The way back through: shear by `shear` degrees, scale, rotate by `rotate` degrees (to the right,
// as rows count downwards), all about the image's middle, then move by (dx, dy). Plain arithmetic:
// a 2 x 2 matrix whose inverse is known needs no library.
//
// Forward q = c + d + s R K (p - c) with R = [cos -sin; sin cos] and K = [1 t; 0 1], so back
// p = c + K^-1 R^T (q - c - d) / s.
RELUSCOPE_FN Affine affine_of(int height, int width, double rotate, double scale, double shear,
                              double dx, double dy) {
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

RELUSCOPE_FN Affine draw_affine(const Augmentation& options, int height, int width, const Rng& rng,
                                int sample) {
  const auto draw = [&](std::uint64_t what, double most) {
    return most == 0.0 ? 0.0 : between(-most, most, rng.uniform(sample_element(sample) + what));
  };
  return affine_of(height, width, draw(AugmentElements::kRotate, options.rotate),
                   1.0 + draw(AugmentElements::kScale, options.scale),
                   draw(AugmentElements::kShear, options.shear),
                   draw(AugmentElements::kMoveX, options.translate),
                   draw(AugmentElements::kMoveY, options.translate));
}

RELUSCOPE_FN ErasedPart draw_erased(const Augmentation& options, int height, int width,
                                    const Rng& rng, int sample) {
  const std::uint64_t element = sample_element(sample) + AugmentElements::kErase;
  ErasedPart part;
  if (options.erase == 0.0 || rng.uniform(element) >= options.erase) return part;
  const double area = between(0.02, 0.33, rng.uniform(element + 1)) * height * width;
  const double ratio =
      scalar::exp(between(scalar::log(0.3), scalar::log(3.3), rng.uniform(element + 2)));
  const auto rounded = [](double side, int most) {
    const int whole = static_cast<int>(side + 0.5);
    return whole < 1 ? 1 : (whole > most ? most : whole);
  };
  part.rows = rounded(scalar::sqrt(area * ratio), height);
  part.cols = rounded(scalar::sqrt(area / ratio), width);
  part.top = static_cast<int>(rng.uniform(element + 3) * (height - part.rows + 1));
  part.left = static_cast<int>(rng.uniform(element + 4) * (width - part.cols + 1));
  return part;
}

// Noise of a pixel that is not background; element: of the sample's noise and the pixel.
RELUSCOPE_FN std::uint8_t noisy(std::uint8_t pixel, double noise, const Rng& rng,
                                std::uint64_t element) {
  const double value = pixel + noise * rng.normal(element);
  const double bounded = value < 0.0 ? 0.0 : (value > 255.0 ? 255.0 : value);
  return static_cast<std::uint8_t>(bounded + 0.5);
}

// A field's number in [-1, 1), of a random word.
RELUSCOPE_FN float field_value(std::uint32_t word) {
  return static_cast<float>(static_cast<std::int32_t>(word)) * 0x1p-31f;
}

// Positions are in units of 2^-32 pixels, so that they add up exactly.
inline constexpr int kPositionBits = 32;
RELUSCOPE_FN std::int64_t position(double pixels) {
  return static_cast<std::int64_t>(pixels * 0x1p32);
}

// Four neighbours mixed by the fractions of a position, rounded to the nearest byte.
RELUSCOPE_FN std::uint8_t mixed(std::uint8_t upper_left, std::uint8_t upper_right,
                                std::uint8_t lower_left, std::uint8_t lower_right, std::uint64_t x,
                                std::uint64_t y) {
  constexpr int kBits = 16;  // of the fractions that are used
  constexpr std::uint64_t kOne = 1 << kBits, kHalf = std::uint64_t{1} << (2 * kBits - 1);
  const std::uint64_t fx = (x >> (kPositionBits - kBits)) % kOne;
  const std::uint64_t fy = (y >> (kPositionBits - kBits)) % kOne;
  const std::uint64_t upper = upper_left * (kOne - fx) + upper_right * fx;
  const std::uint64_t lower = lower_left * (kOne - fx) + lower_right * fx;
  return static_cast<std::uint8_t>((upper * (kOne - fy) + lower * fy + kHalf) >> (2 * kBits));
}

}  // namespace reluscope
