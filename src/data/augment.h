// Changes training images a little, anew in each epoch: one affine warp (rotation, translation,
// scale, shear) together with an elastic distortion, then noise, then an erased rectangle. Pixels
// are bytes before and after, so that tables and sparse lists work as they do without: sampling
// rounds to the nearest byte, and where nothing but background is sampled the result is exactly the
// background.
//
// What a sample becomes depends on (seed, epoch, sample) alone: not on its place in a batch, on the
// thread, or on the machine.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/rng.h"

namespace reluscope {

struct Augmentation {  // all 0 but the width: off
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

  bool any() const;
};

// Where the value of a pixel of the result comes from, in pixels of the image.
struct Affine {
  double xx = 1.0, xy = 0.0, x = 0.0;  // source x = xx column + xy row + x
  double yx = 0.0, yy = 1.0, y = 0.0;  // source y = yx column + yy row + y
};

// The way back through: shear by `shear` degrees, scale, rotate by `rotate` degrees (to the right,
// as rows count downwards), all about the image's middle, then move by (dx, dy). Plain arithmetic:
// a 2 x 2 matrix whose inverse is known needs no library.
Affine affine_of(int height, int width, double rotate, double scale, double shear, double dx,
                 double dy);

class Augmenter {
 public:
  // What one thread needs while it works on an image.
  struct Workspace {
    std::vector<std::uint8_t> padded;       // the image with background around it
    std::vector<float> random, smooth_rows; // a field on its way
    std::vector<float> dx, dy;              // displacements in pixels, rows of field_stride()

    std::size_t bytes() const {
      return padded.capacity() + sizeof(float) * (random.capacity() + smooth_rows.capacity() +
                                                  dx.capacity() + dy.capacity());
    }
  };

  Augmenter(const Augmentation& options, int height, int width, int background,
            std::uint64_t seed);

  Workspace make_workspace() const;
  int field_stride() const;
  // image and out (H, W), not overlapping. Allocates nothing.
  void apply(std::span<const std::uint8_t> image, int epoch, int sample, Workspace& workspace,
             std::span<std::uint8_t> out) const;

  // out = the image sampled bilinearly where `affine`, plus workspace.dx and dy if `displaced`,
  // says, rounded to the nearest byte. Outside the image is background. In integers but for the
  // position that each row begins at.
  void warp(std::span<const std::uint8_t> image, const Affine& affine, bool displaced,
            Workspace& workspace, std::span<std::uint8_t> out) const;

 private:
  void displace(const Rng& rng, std::uint64_t element, Workspace& workspace,
                std::vector<float>& field) const;
  void add_noise(const Rng& rng, std::uint64_t element, std::span<std::uint8_t> pixels) const;
  void erase(const Rng& rng, std::uint64_t element, std::span<std::uint8_t> pixels) const;

  Augmentation options_;
  int height_, width_;
  std::uint8_t background_;
  std::uint64_t seed_;
  std::vector<float> gaussian_;  // weights at -radius .. radius, of sum 1
  int radius_;
};

}  // namespace reluscope
