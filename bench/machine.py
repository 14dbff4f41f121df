"""Description of the machine for benchmark results: processor, system, load, and time taken by the hypervisor."""
import os
import platform
import time


def cpu_model():
    try:
        with open("/proc/cpuinfo") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or "unknown"


def stolen_ms():
    """Milliseconds that the hypervisor took from the processors since boot (Linux; 0 elsewhere)."""
    try:
        with open("/proc/stat") as file:
            return int(file.readline().split()[8]) * 1000 // os.sysconf("SC_CLK_TCK")
    except (OSError, IndexError):
        return 0


def describe():
    return {"date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()), "cpu": cpu_model(),
            "cores": len(os.sched_getaffinity(0)), "system": platform.system() + " " + platform.release(),
            "python": platform.python_version(), "load_before": round(os.getloadavg()[0], 2)}
