// `reluscope gpu-selftest`: every operation of the backend on the device at hand against the CPU.
#pragma once

#include <cstdio>
#include <string>

namespace reluscope::cuda {

// Prints a line for each; the number of operations that differ. out may be null.
int run_selftest(std::FILE* out);

// Runs it unless a file in the user's cache says that it passed with this device and driver (key).
// Throws Error with the operation's name if something differs: then the device must not be used.
void require_selftest(const std::string& key);

}  // namespace reluscope::cuda
