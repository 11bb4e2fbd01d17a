// One build of Eigen. CMakeLists.txt sets the flags and, in RELUSCOPE_EIGEN_BUILD, the name of the
// function. Namespace Eigen gets that name too, because otherwise the linker would merge functions
// that were compiled for different instruction sets.
#define Eigen RELUSCOPE_EIGEN_BUILD
#include <Eigen/Core>
#undef Eigen

#include <memory>

#include "bench/cases.h"

namespace reluscope::bench {
namespace {

using Matrix =
    RELUSCOPE_EIGEN_BUILD::Matrix<float, RELUSCOPE_EIGEN_BUILD::Dynamic,
                                  RELUSCOPE_EIGEN_BUILD::Dynamic, RELUSCOPE_EIGEN_BUILD::RowMajor>;

#if defined(__AVX512F__)
constexpr const char *kName = "eigen avx512", *kSimd = "avx512";
#elif defined(__AVX2__)
constexpr const char *kName = "eigen avx2", *kSimd = "avx2";
#elif defined(__ARM_NEON)
constexpr const char *kName = "eigen neon", *kSimd = "neon";
#elif defined(__SSE2__)
constexpr const char *kName = "eigen sse2", *kSimd = "sse4";
#else
constexpr const char *kName = "eigen scalar", *kSimd = "scalar";
#endif
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
constexpr bool kFused = true;
#else
constexpr bool kFused = false;
#endif

struct Operands {
  Matrix x, w, y;
  explicit Operands(const Product& p)
      : x(Matrix::Random(p.n, p.in)),
        w(Matrix::Random(p.in, p.out)),
        y(Matrix::Random(p.n, p.out)) {}
};

Run make(const Product& product) {
  const auto o = std::make_shared<Operands>(product);
  switch (product.kind) {
    case Product::Kind::kForward: return [o] { o->y.noalias() = o->x * o->w; };
    case Product::Kind::kInputGradient: return [o] { o->x.noalias() = o->y * o->w.transpose(); };
    case Product::Kind::kWeightGradient: break;
  }
  return [o] { o->w.noalias() = o->x.transpose() * o->y; };
}

}  // namespace

EigenBuild RELUSCOPE_EIGEN_BUILD() { return {kName, kSimd, kFused, &make}; }

}  // namespace reluscope::bench
