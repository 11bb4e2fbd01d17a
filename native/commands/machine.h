// The cores and the memory that this process may use.
#pragma once

namespace reluscope {

// Fewer than the machine's cores under taskset, in a container or in a cluster job.
int available_cores();

// Bytes of memory available without swapping: the machine's free memory, or less if the process's
// group (cgroup v2) or its limits allow less. Infinity if the system does not report it.
double available_memory();

}  // namespace reluscope
