// The same dense products by Eigen, compiled several times: as a program without flags gets it,
// and for this machine.
#pragma once

#include <string>
#include <vector>

#include "bench/cases.h"

namespace reluscope::bench {

struct EigenBuild {
  std::string name;  // "eigen avx2"
  std::string simd;  // of cpu::simd_names(): whose peak its rates are shares of
  bool fused;        // it fuses multiply and add wherever the instruction set can
  Run (*make)(const Product& product);
};

std::vector<EigenBuild> eigen_builds();

}  // namespace reluscope::bench
