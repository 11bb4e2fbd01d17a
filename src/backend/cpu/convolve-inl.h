// Convolution as matrix products (im2col). A block of patches that fits the second-level cache is
// copied, one row for each pixel of the result, and multiplied by the tiles of matmul-inl.h. Each
// copied value takes part in hundreds of multiplications, so avoiding the copy would gain little.
// No include guard: layer_kernels.cpp includes it once for each SIMD target.

#include <algorithm>

#include "backend/cpu/kernels.h"
#include "backend/cpu/matmul-inl.h"

RELUSCOPE_TARGET_BEGIN

using cpu::kPatchRows;
using cpu::Patches;

// The source pixel that one tap reads, for each of some pixels of the result, or -1 in the padding.
struct TapPlaces {
  int at[kPatchRows];

  TapPlaces(const Patches& p, Rows pixels) : patches(p), count(pixels.end - pixels.first) {
    int x = pixels.first % p.width, y = pixels.first / p.width % p.height;
    int image = pixels.first / p.width / p.height * p.source_height * p.source_width;
    for (int i = 0; i < count; ++i) {
      images[i] = image;
      tops[i] = y * p.scale + p.offset;
      lefts[i] = x * p.scale + p.offset;
      if (++x < p.width) continue;
      x = 0;
      if (++y < p.height) continue;
      y = 0;
      image += p.source_height * p.source_width;
    }
  }

  void move_to(int tap) {
    const Patches& p = patches;
    const int down = p.direction * (tap / p.kernel_width);
    const int right = p.direction * (tap % p.kernel_width);
    const auto height = static_cast<unsigned>(p.source_height);
    const auto width = static_cast<unsigned>(p.source_width);
    if (p.divisor == 1) {
      for (int i = 0; i < count; ++i) {
        const int y = tops[i] + down, x = lefts[i] + right;
        const bool inside = static_cast<unsigned>(y) < height && static_cast<unsigned>(x) < width;
        at[i] = inside ? images[i] + y * p.source_width + x : -1;
      }
      return;
    }
    for (int i = 0; i < count; ++i) {
      const int y = tops[i] + down, x = lefts[i] + right;
      const bool inside = y >= 0 && x >= 0 && y % p.divisor == 0 && x % p.divisor == 0 &&
                          y / p.divisor < p.source_height && x / p.divisor < p.source_width;
      at[i] = inside ? images[i] + y / p.divisor * p.source_width + x / p.divisor : -1;
    }
  }

  const Patches& patches;
  int count;
  int images[kPatchRows], tops[kPatchRows], lefts[kPatchRows];
};

// Copies kFloats columns of the pixels at[0 .. count - 1]; zeros for a pixel -1.
template <class V, int kFloats>
HWY_INLINE void copy_places(const float* HWY_RESTRICT from, int from_width, const int* at,
                            int count, float* HWY_RESTRICT to, int to_width) {
  constexpr int kVectors = kFloats / kMaxLanes;
  for (int i = 0; i < count; ++i, to += to_width) {
    if (at[i] < 0) {
      RELUSCOPE_UNROLL
      for (int v = 0; v < kVectors; ++v) V::zero().store(to + v * lanes());
      continue;
    }
    const float* const pixel = from + static_cast<std::ptrdiff_t>(at[i]) * from_width;
    RELUSCOPE_UNROLL
    for (int v = 0; v < kVectors; ++v) V::load(pixel + v * lanes()).store(to + v * lanes());
  }
}

template <class V>
void copy_patches(const Patches& patches, ConstMatrixView source, Rows pixels, Rows panels,
                  float* block) {
  const int channels = source.cols(), count = pixels.end - pixels.first;
  const Layout layout{count, patches.taps() * channels};
  const int end = std::min(panels.end * kPanel, layout.cols);
  TapPlaces places(patches, pixels);
  int tap = -1;
  for (int k = panels.first * kPanel, n; k < end; k += n) {
    const int c = k % channels;
    if (k / channels != tap) places.move_to(tap = k / channels);
    // The number of columns that are contiguous in both matrices.
    n = std::min({kPanel - c % kPanel, channels - c, kPanel - k % kPanel, end - k});
    const float* const from = source.panel(c / kPanel) + c % kPanel;
    const int from_width = source.layout.panel_width(c / kPanel);
    float* const to = block + layout.panel_offset(k / kPanel) + k % kPanel;
    const int to_width = layout.panel_width(k / kPanel);
    const bool aligned = c % kPad == 0 && k % kPad == 0;
    if (aligned && n == kPanel) {
      copy_places<V, kPanel>(from, from_width, places.at, count, to, to_width);
    } else if (aligned && n == kPad) {
      copy_places<V, kPad>(from, from_width, places.at, count, to, to_width);
    } else {
      for (int i = 0; i < count; ++i) {
        const int at = places.at[i];
        const float* const pixel = from + static_cast<std::ptrdiff_t>(at) * from_width;
        for (int j = 0; j < n; ++j) to[i * to_width + j] = at < 0 ? 0.0f : pixel[j];
      }
    }
  }
}

template <class V>
void add_gradient(ConstMatrixView x, Rows rows, const float* d, int width, float* y) {
  gradient_rows<V>(x, rows, d, width, nullptr, AddUpdate<V>(y), 0);
}

inline void turn_taps(ConstMatrixView w, Rows taps, MatrixView turned) {
  const int channels = turned.cols(), outs = w.cols();
  for (int p = 0; p < turned.layout.panels(); ++p) {
    const int width = turned.layout.panel_width(p), used = turned.layout.panel_cols(p);
    for (int q = 0; q < w.layout.panels(); ++q) {
      const int w_width = w.layout.panel_width(q), w_used = w.layout.panel_cols(q);
      for (int tap = taps.first; tap < taps.end; ++tap) {
        const float* const from = w.panel(q) + (tap * channels + p * kPanel) * w_width;
        float* const to = turned.panel(p) + (tap * outs + q * kPanel) * width;
        for (int o = 0; o < w_used; ++o) {
          for (int c = 0; c < width; ++c) {
            to[o * width + c] = c < used ? from[c * w_width + o] : 0.0f;
          }
        }
      }
    }
  }
}

RELUSCOPE_TARGET_END
