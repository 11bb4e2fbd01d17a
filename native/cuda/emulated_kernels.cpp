// The kernels as plain C++, for the emulator.
#include "cuda/batch.cu"
#include "cuda/elementwise.cu"
#include "cuda/layout.cu"
#include "cuda/loss.cu"
#include "cuda/sums.cu"
