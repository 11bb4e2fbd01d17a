// The kernels as plain C++, for the emulator.
#include "cuda/kernels/batch.cu"
#include "cuda/kernels/elementwise.cu"
#include "cuda/kernels/layout.cu"
#include "cuda/kernels/loss.cu"
#include "cuda/kernels/sums.cu"
