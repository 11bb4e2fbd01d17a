// Augmentation of training images, different in each epoch: one affine warp (rotation, translation,
// scale, shear) with an elastic distortion, then noise, then an erased rectangle. Input and output
// pixels are bytes, so pixel tables and sparse lists apply unchanged. Sampling rounds to the
// nearest byte, and samples of background alone give exactly the background.
//
// The result depends only on (seed, epoch, sample): not on the place in a batch, the thread or the
// machine.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "backend/augment_draws.h"
#include "core/rng.h"

namespace reluscope {

class Augmenter {
 public:
  // The buffers that one thread needs to augment an image.
  struct Workspace {
    std::vector<std::uint8_t> padded;        // (H + 2, W + 2), the image in a border of background
    std::vector<float> random, smooth_rows;  // intermediate stages of a displacement field
    std::vector<float> dx, dy;               // displacements in pixels, rows of field_stride()
  };

  Augmenter(const Augmentation& options, int height, int width, int background, std::uint64_t seed);

  Augmenter(const Augmenter&) = delete;  // plan() refers to gaussian_
  Augmenter& operator=(const Augmenter&) = delete;

  // For devices that augment images themselves (augment_draws.h). Valid while this object lives.
  const AugmentPlan& plan() const { return plan_; }

  Workspace make_workspace() const;
  int field_stride() const;
  // Augments image (H, W) to out (H, W), which must not overlap. Allocates nothing.
  void apply(std::span<const std::uint8_t> image, int epoch, int sample, Workspace& workspace,
             std::span<std::uint8_t> out) const;

  // Samples the image bilinearly at the positions that `affine` gives, plus workspace.dx and dy if
  // `displaced`, and rounds to the nearest byte. Outside the image is background. All arithmetic is
  // on integers, except for the position of each row's first pixel.
  void warp(std::span<const std::uint8_t> image, const Affine& affine, bool displaced,
            Workspace& workspace, std::span<std::uint8_t> out) const;

 private:
  void displace(const Rng& rng, std::uint64_t element, Workspace& workspace,
                std::vector<float>& field) const;

  std::vector<float> gaussian_;
  AugmentPlan plan_;
};

}  // namespace reluscope
