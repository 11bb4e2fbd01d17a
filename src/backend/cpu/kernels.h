// The CPU's kernels: one table of functions for each SIMD target, all from one source.
//
// Every output element has one accumulator that takes its terms in ascending order, so all
// targets, tile sizes and ways of splitting the work give the same bits. Matrices are in panels
// (core/tensor.h). Kernels never allocate and never throw.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "backend/backend.h"
#include "core/tensor.h"

namespace reluscope::cpu {

struct Kernels {
  std::string_view name;  // "avx2"

  // As in backend/backend.h, for panels [first, end) of the output.
  void (*matmul)(ConstMatrixView x, ConstMatrixView w, const float* start, MatrixView y,
                 int first, int end);
  void (*sparse_matmul)(const SparseLists& rows, ConstMatrixView w, const float* start,
                        MatrixView y, int first, int end);
  void (*weight_gradient)(ConstMatrixView x, ConstMatrixView d, const float* start,
                          const ParameterUpdate& update, int first, int end);
  // column_sums: null, or room for the padded columns.
  void (*sparse_weight_gradient)(const SparseLists& columns, ConstMatrixView d,
                                 const float* start, const ParameterUpdate& update,
                                 float* column_sums, int first, int end);
  void (*transpose)(ConstMatrixView a, MatrixView y);
  void (*column_sums)(ConstMatrixView a, float* sums, int first, int end);

  // Indexed by ActivationId.
  void (*const* activation_forward)(const float* p, const float* x, float* y, std::size_t n);
  void (*const* activation_backward)(const float* p, const float* x, const float* dy, float* dx,
                                     std::size_t n);
  void (*const* activation_parameter)(const float* p, const float* x, const float* dy,
                                      float* products, std::size_t n);

  // scratch: C * 16 floats.
  void (*softmax_cross_entropy)(const SoftmaxLoss&, float* scratch);
  void (*softmax)(ConstMatrixView logits, MatrixView probabilities, float* scratch);

  void (*update)(const ParameterUpdate& update, std::size_t n);
};

struct Target {
  const Kernels* separate;  // products and sums rounded one by one: the same bits everywhere
  const Kernels* fused;     // rounded once together, where there is such an instruction; or null
};

// What this machine can run, fastest first; never empty. Natively "scalar" is the last.
const std::vector<Target>& available_targets();

}  // namespace reluscope::cpu
