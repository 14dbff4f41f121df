#include "tensor/base/processors.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>
#include <thread>

namespace astro {

namespace {

// The first line of a small file, or "" if it cannot be read.
std::string first_line(const std::string& path) {
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    return line;
}

// The quota of one group, in processors; 0: none.
double quota_of(const std::string& folder) {
    double quota = 0, period = 0;
    if (std::istringstream words(first_line(folder + "/cpu.max")); words >> quota >> period && period > 0)
        return std::max(0.0, quota / period);
    std::istringstream(first_line(folder + "/cpu.cfs_quota_us")) >> quota;  // -1: none
    std::istringstream(first_line(folder + "/cpu.cfs_period_us")) >> period;
    return period > 0 ? std::max(0.0, quota / period) : 0;
}

// Lowers `smallest` to the quotas of the group and of all above it. Inside a container, the path may be that of the
// host and not exist; the mounted folder itself is then the container's group.
void lower_to_quotas(const std::string& mount, std::string group, double& smallest) {
    for (;;) {
        if (const double quota = quota_of(mount + group); quota > 0 && (smallest == 0 || quota < smallest))
            smallest = quota;
        if (group.empty()) return;
        group.erase(group.rfind('/'));
    }
}

}  // namespace

std::optional<int> processor_quota(const std::string& membership, const std::string& mount) {
    double smallest = 0;
    std::istringstream lines(membership);
    std::string line;
    while (std::getline(lines, line)) {  // NUMBER:CONTROLLERS:PATH, version 2 with no controllers
        const size_t first = line.find(':'), second = line.find(':', first + 1);
        if (first == std::string::npos || second == std::string::npos) continue;
        const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
        std::string group = line.substr(second + 1);
        if (group.empty() || group[0] != '/') continue;
        if (group == "/") group.clear();
        if (controllers == ",,")
            lower_to_quotas(mount, group, smallest);
        else if (controllers.find(",cpu,") != std::string::npos)
            for (const std::string& folder :
                 {mount + "/cpu", mount + "/" + controllers.substr(1, controllers.size() - 2)})
                lower_to_quotas(folder, group, smallest);
    }
    if (smallest <= 0) return std::nullopt;
    return std::max(1, static_cast<int>(std::ceil(std::min(smallest, 1e6))));
}

int usable_processors() {
    cpu_set_t set;
    CPU_ZERO(&set);
    int count = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 0;
    if (count < 1) count = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
    std::ifstream file("/proc/self/cgroup");
    std::ostringstream membership;
    membership << file.rdbuf();
    return std::min(count, processor_quota(membership.str(), "/sys/fs/cgroup").value_or(count));
}

}  // namespace astro
