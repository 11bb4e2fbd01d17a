// `reluscope gpu-selftest`: compares every operation of the backend on the present device with the
// CPU.
#pragma once

#include <cstdio>
#include <string>

namespace reluscope::cuda {

// Prints one line for each check and returns the number of failures. out may be null.
int run_selftest(std::FILE* out);

// Runs the self-test, unless a file in the user's cache records that it passed for this device and
// driver (key). Throws Error naming the first check that fails: the device must not be used.
void require_selftest(const std::string& key);

}  // namespace reluscope::cuda
