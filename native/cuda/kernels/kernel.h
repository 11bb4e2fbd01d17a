// The language of the kernels: nvcc compiles them for the device, and any C++ compiler for the
// emulator (emulator.h). A kernel is a struct K of arguments (kernels.h) and a function run(const
// K&), which each thread calls; the backend launches kernel_of<K>().
#pragma once

#ifdef __CUDACC__
#ifdef RELUSCOPE_FN
#error "include cuda/kernels/kernel.h first: it has the functions of src compiled for the device"
#endif
#define RELUSCOPE_FN __host__ __device__ inline
#define RELUSCOPE_DEVICE __device__ inline
// An array that the threads of a block share.
#define RELUSCOPE_SHARED(type, name, count) __shared__ type name[count]
// All threads of a block wait for one another.
#define RELUSCOPE_BARRIER() __syncthreads()
#else
#define RELUSCOPE_DEVICE inline
#define RELUSCOPE_SHARED(type, name, count) \
  type* const name = ::reluscope::cuda::emulated::shared<type>(__LINE__, count)
#define RELUSCOPE_BARRIER() ::reluscope::cuda::emulated::barrier(__LINE__)
#include "cuda/emulator/emulator.h"
#endif

#include "cuda/device.h"
#include "cuda/kernels/kernels.h"

namespace reluscope::cuda {

// One thread's work: specialised by RELUSCOPE_KERNEL, or overloaded for templates of kernels.
template <class K>
RELUSCOPE_DEVICE void run(const K& k);

#ifdef __CUDACC__
RELUSCOPE_DEVICE unsigned thread_index() { return threadIdx.x; }
RELUSCOPE_DEVICE unsigned block_index() { return blockIdx.x; }
RELUSCOPE_DEVICE unsigned block_size() { return blockDim.x; }
RELUSCOPE_DEVICE unsigned grid_size() { return gridDim.x; }

template <class K>
__global__ void __launch_bounds__(kThreads) run_kernel(const K k) {
  run(k);
}
#else
using emulated::block_index;
using emulated::block_size;
using emulated::grid_size;
using emulated::thread_index;
#endif

template <class K>
KernelInfo make_kernel(std::string name) {
  static_assert(sizeof(K) <= Node::kArgumentBytes);
  return {.name = std::move(name),
          .argument_bytes = sizeof(K),
#ifdef __CUDACC__
          .function = reinterpret_cast<const void*>(&run_kernel<K>),
          .body = nullptr,
#else
          .function = nullptr,
          .body = [](const void* k) { run(*static_cast<const K*>(k)); },
#endif
          .floats = [](const void* k) -> double { return static_cast<const K*>(k)->floats(); }};
}

// work(i) for this thread's share of 0 .. n - 1.
template <class Work>
RELUSCOPE_DEVICE void for_each(unsigned n, const Work& work) {
  const unsigned step = grid_size() * block_size();
  for (unsigned i = block_index() * block_size() + thread_index(); i < n; i += step) work(i);
}

// work(i, row, column) for this thread's share of the floats of a matrix, padding included.
template <class Work>
RELUSCOPE_DEVICE void for_each(const Layout& layout, const Work& work) {
  for_each(static_cast<unsigned>(layout.size()), [&](unsigned i) {
    const unsigned panel_floats = static_cast<unsigned>(layout.rows) * kPanel;
    const unsigned panel = i / panel_floats, at = i - panel * panel_floats;
    const auto width = static_cast<unsigned>(layout.panel_width(static_cast<int>(panel)));
    work(i, static_cast<int>(at / width), static_cast<int>(panel * kPanel + at % width));
  });
}

}  // namespace reluscope::cuda

// Defines kernel_of<K>(); the body of run(const K& k) follows.
#define RELUSCOPE_KERNEL(K, name)                        \
  template <>                                            \
  RELUSCOPE_DEVICE void run(const K& k);                 \
  template <>                                            \
  const KernelInfo& kernel_of<K>() {                     \
    static const KernelInfo info = make_kernel<K>(name); \
    return info;                                         \
  }                                                      \
  template <>                                            \
  RELUSCOPE_DEVICE void run(const K& k)
