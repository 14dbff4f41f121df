#include "apps/run/device.h"

#include "tensor/base/error.h"

namespace astro::app {

OpenedDevice open_device(const DeviceOptions& options) {
    OpenedDevice opened;
    std::string reason = "--device cpu";
    if (options.device != DeviceChoice::cpu) {
        CudaOptions cuda;
        cuda.matmul = options.matmul;
        opened.backend = make_cuda_backend(cuda, reason);
        reason = "cuda: " + reason;
        if (opened.backend) {
            opened.cuda = true;
            opened.description = opened.backend->name();
            return opened;
        }
        if (options.device == DeviceChoice::cuda)
            fail(ErrorKind::device, "--device cuda: ", reason.substr(6), "; hint: --device cpu, or auto");
    }
    if (options.matmul == Matmul::tf32 || options.matmul == Matmul::bf16)
        fail(ErrorKind::usage, "--matmul: products on the CPU are f32; ", reason);
    opened.backend = make_cpu_backend();
    opened.description = text("cpu (", cpu_isa_name(), "; ", reason, ")");
    return opened;
}

}  // namespace astro::app
