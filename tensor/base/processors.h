// The number of processors that this process may use: the affinity mask, and the CPU quota of its control groups, which
// containers and batch systems set.
#pragma once

#include <optional>
#include <string>

namespace astro {

// At least 1.
int usable_processors();

// The quota of a process in processors, at least 1 and rounded up; empty if there is none or it cannot be read.
// membership: the content of /proc/self/cgroup. mount: the folder where control groups are mounted, /sys/fs/cgroup.
// The least of the quotas of the group and of all groups above it applies. Both versions of control groups are read:
// cpu.max (2), cpu.cfs_quota_us and cpu.cfs_period_us (1).
// Source: Documentation/admin-guide/cgroup-v2.rst and Documentation/scheduler/sched-bwc.rst of the Linux kernel.
std::optional<int> processor_quota(const std::string& membership, const std::string& mount);

}  // namespace astro
