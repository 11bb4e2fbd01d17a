// The same dense products by Eigen, compiled several times: without flags and for this machine.
#pragma once

#include <string>
#include <vector>

#include "bench/cases.h"

namespace reluscope::bench {

struct EigenBuild {
  std::string name;  // "eigen avx2"
  std::string simd;  // of cpu::simd_names(): the target with whose peak it is compared
  bool fused;        // whether it fuses multiply and add
  Run (*make)(const Product& product);
};

std::vector<EigenBuild> eigen_builds();

}  // namespace reluscope::bench
