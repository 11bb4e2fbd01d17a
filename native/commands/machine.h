// What this process may use of the machine.
#pragma once

namespace reluscope {

// Fewer than the machine has under taskset, in a container or in a job of a cluster.
int available_cores();

// Bytes of memory that can be had without swapping: what the machine has free, or less where the
// process's group (cgroup v2) or its limits allow less. Infinity where the system does not tell.
double available_memory();

}  // namespace reluscope
