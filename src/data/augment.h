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

#include "backend/augment_draws.h"
#include "core/rng.h"

namespace reluscope {

class Augmenter {
 public:
  // What one thread needs while it works on an image.
  struct Workspace {
    std::vector<std::uint8_t> padded;        // the image with background around it
    std::vector<float> random, smooth_rows;  // a field on its way
    std::vector<float> dx, dy;               // displacements in pixels, rows of field_stride()

    std::size_t bytes() const {
      return padded.capacity() + sizeof(float) * (random.capacity() + smooth_rows.capacity() +
                                                  dx.capacity() + dy.capacity());
    }
  };

  Augmenter(const Augmentation& options, int height, int width, int background, std::uint64_t seed);

  Augmenter(const Augmenter&) = delete;  // plan() has a view of gaussian_
  Augmenter& operator=(const Augmenter&) = delete;

  // For devices that do the same by augment_draws.h; good while this lives.
  const AugmentPlan& plan() const { return plan_; }

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
  void erase(const ErasedPart& part, std::span<std::uint8_t> pixels) const;

  std::vector<float> gaussian_;
  AugmentPlan plan_;
};

}  // namespace reluscope
