// Pooling, and conversion of images to rows of features and back. Images are matrices (N * H * W,
// C), so a vector holds some channels of one pixel.
// No include guard: layer_kernels.cpp includes it once for each SIMD target.

#include <algorithm>

#include "backend/cpu/kernels.h"
#include "core/vec-inl.h"

RELUSCOPE_TARGET_BEGIN

// Calls work(pixel, tap) for the pixels of a window, row by row, from the first on.
template <class T, class Work>
HWY_INLINE void for_taps(const Window& window, T* first, int width, const Work& work) {
  int tap = 0;
  for (int r = 0; r < window.kernel_height; ++r) {
    T* pixel = first + r * window.width * width;
    for (int s = 0; s < window.kernel_width; ++s, ++tap, pixel += width) work(pixel, tap);
  }
}

// The maximum of a window for one vector of channels, and its tap. The first of equal maxima wins
// and NaN wins over numbers, as in PyTorch.
template <class V>
struct WindowMaximum {
  V value, place;

  HWY_INLINE WindowMaximum(const Window& window, const float* first, int width) {
    value = V::load(first);
    place = V::zero();
    for_taps(window, first, width, [&](const float* pixel, int tap) {
      const V x = V::load(pixel);
      // Not(Eq), because Ne of NaN differs between targets.
      const auto better = hn::Or(hn::Gt(x.raw, value.raw), hn::Not(hn::Eq(x.raw, x.raw)));
      value = select(better, x, value);
      place = select(better, V(static_cast<double>(tap)), place);
    });
  }
};

// Calls work(at, out) for all windows of some samples and all vectors of a panel: the offsets, in
// floats, of the first pixel of the window and of its result in their panels.
template <class Work>
HWY_INLINE void for_windows(const Window& window, Rows samples, int width, const Work& work) {
  const int out_height = window.out_height(), out_width = window.out_width();
  std::ptrdiff_t out = static_cast<std::ptrdiff_t>(samples.first) * window.out_pixels() * width;
  for (int n = samples.first; n < samples.end; ++n) {
    const std::ptrdiff_t image = static_cast<std::ptrdiff_t>(n) * window.pixels() * width;
    for (int y = 0; y < out_height; ++y) {
      for (int x = 0; x < out_width; ++x, out += width) {
        const std::ptrdiff_t at = image + (y * window.width + x) * window.stride * width;
        for (int v = 0; v < width; v += lanes()) work(at + v, out + v);
      }
    }
  }
}

// y = result(first pixel of the window, width of a pixel)
template <class Result>
HWY_INLINE void pool_windows(const Window& window, ConstMatrixView x, Rows samples, MatrixView y,
                             const Result& result) {
  for (int p = 0; p < x.layout.panels(); ++p) {
    const int width = x.layout.panel_width(p);
    const float* const from = x.panel(p);
    float* const to = y.panel(p);
    for_windows(window, samples, width, [&](std::ptrdiff_t at, std::ptrdiff_t out) {
      result(from + at, width).store(to + out);
    });
  }
}

template <class V>
void max_pool(const Window& window, ConstMatrixView x, Rows samples, MatrixView y) {
  pool_windows(window, x, samples, y, [&](const float* first, int width) {
    return WindowMaximum<V>(window, first, width).value;
  });
}

template <class V>
void average_pool(const Window& window, ConstMatrixView x, Rows samples, MatrixView y) {
  const V count(static_cast<double>(window.taps()));
  pool_windows(window, x, samples, y, [&](const float* first, int width) {
    V sum = V::zero();
    for_taps(window, first, width, [&](const float* pixel, int) { sum = sum + V::load(pixel); });
    return sum / count;
  });
}

// Overwrites dx. Windows may overlap: their gradients are added in the order of the windows.
// share(first pixel of the window in x, width, dy) gives a function of the tap: what its pixel
// gets.
template <class V, class Share>
HWY_INLINE void spread_windows(const Window& window, ConstMatrixView x, ConstMatrixView dy,
                               Rows samples, MatrixView dx, const Share& share) {
  for (int p = 0; p < x.layout.panels(); ++p) {
    const int width = x.layout.panel_width(p);
    const float* const from = x.panel(p);
    const float* const slopes = dy.panel(p);
    float* const to = dx.panel(p);
    const auto floats = static_cast<std::ptrdiff_t>(window.pixels()) * width;
    for (int n = samples.first; n < samples.end; ++n) {  // one at a time, for the cache
      std::fill(to + n * floats, to + (n + 1) * floats, 0.0f);
      for_windows(window, {n, n + 1}, width, [&](std::ptrdiff_t at, std::ptrdiff_t out) {
        const auto part = share(from + at, width, V::load(slopes + out));
        for_taps(window, to + at, width,
                 [&](float* pixel, int tap) { (V::load(pixel) + part(tap)).store(pixel); });
      });
    }
  }
}

template <class V>
void max_pool_backward(const Window& window, ConstMatrixView x, ConstMatrixView dy, Rows samples,
                       MatrixView dx) {
  spread_windows<V>(window, x, dy, samples, dx, [&](const float* first, int width, V slope) {
    const V place = WindowMaximum<V>(window, first, width).place;
    return [place, slope](int tap) {
      return select(hn::Eq(place.raw, V(static_cast<double>(tap)).raw), slope, V::zero());
    };
  });
}

template <class V>
void average_pool_backward(const Window& window, ConstMatrixView x, ConstMatrixView dy,
                           Rows samples, MatrixView dx) {
  const V count(static_cast<double>(window.taps()));
  spread_windows<V>(window, x, dy, samples, dx, [&](const float*, int, V slope) {
    return [part = slope / count](int) { return part; };
  });
}

// Calls move(image index, feature index) for all elements of some samples.
template <class Move>
HWY_INLINE void for_features(const Layout& image, int pixels, const Layout& features, Rows samples,
                             const Move& move) {
  for (int n = samples.first; n < samples.end; ++n) {
    for (int c = 0; c < image.cols; ++c) {
      std::size_t at = image.index(n * pixels, c);
      const auto step = static_cast<std::size_t>(image.panel_width(c / kPanel));
      // The features of a channel are contiguous within a panel.
      for (int i = 0; i < pixels;) {
        const int feature = c * pixels + i;
        const int end = std::min(pixels, i + kPanel - feature % kPanel);
        for (std::size_t to = features.index(n, feature); i < end; ++i, ++to, at += step) {
          move(at, to);
        }
      }
    }
  }
}

inline void flatten(ConstMatrixView image, int pixels, Rows samples, MatrixView features) {
  for_features(image.layout, pixels, features.layout, samples,
               [&](std::size_t from, std::size_t to) { features.data[to] = image.data[from]; });
  for (int n = samples.first; n < samples.end; ++n) {
    for (int c = features.cols(); c < features.layout.padded_cols(); ++c) features.at(n, c) = 0.0f;
  }
}

inline void unflatten(ConstMatrixView features, int pixels, Rows samples, MatrixView image) {
  const int last = image.layout.panels() - 1, width = image.layout.panel_width(last);
  for (int n = samples.first; n < samples.end; ++n) {  // one at a time, for the cache
    if (image.layout.panel_cols(last) < width) {
      const auto floats = static_cast<std::ptrdiff_t>(pixels) * width;
      std::fill(image.panel(last) + n * floats, image.panel(last) + (n + 1) * floats, 0.0f);
    }
    for_features(image.layout, pixels, features.layout, {n, n + 1},
                 [&](std::size_t to, std::size_t from) { image.data[to] = features.data[from]; });
  }
}

RELUSCOPE_TARGET_END
