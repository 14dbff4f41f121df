// Selection of the device and of the implementation of matrix products.
#include "apps/run/device.h"
#include "tensor/ops.h"
#include "tests/cuda/both.h"
#include "tests/cuda_emulation/faults.h"

using namespace astro;
using gpu::emulated::faults;

namespace {

app::OpenedDevice open(app::DeviceChoice choice, Matmul matmul = Matmul::f32) {
    app::DeviceOptions options;
    options.device = choice;
    options.matmul = matmul;
    return app::open_device(options);
}

// Resets the faults at the end of the test.
struct Faulty {
    Faulty() { faults() = {}; }
    ~Faulty() { faults() = {}; }
};

}  // namespace

TEST_CASE("cuda device: auto selects the CPU if the device cannot run the kernels; cuda reports the reason") {
    const Faulty restored;
    CHECK(open(app::DeviceChoice::automatic).cuda);
    faults().launch = cudaErrorNoKernelImageForDevice;
    const auto opened = open(app::DeviceChoice::automatic);
    CHECK_FALSE(opened.cuda);
    CHECK(opened.description.find("device 0 cannot be used: CUDA: launch: cudaErrorNoKernelImageForDevice") !=
          std::string::npos);
    CHECK_THROWS_WITH(open(app::DeviceChoice::cuda), doctest::Contains("device 0 cannot be used: CUDA: launch"));
    CHECK(cuda_present());  // therefore the self-test fails instead of being skipped
}

TEST_CASE("cuda device: a driver that is too old is distinguished from no driver") {
    const Faulty restored;
    faults().devices = cudaErrorInsufficientDriver, faults().driver = 11040;
    CHECK_THROWS_WITH(open(app::DeviceChoice::cuda),
                      doctest::Contains("no usable device: cudaErrorInsufficientDriver (it supports CUDA up to 11.4)"));
    CHECK(cuda_present());
    faults().driver = 0;
    CHECK_THROWS_WITH(open(app::DeviceChoice::cuda), doctest::Contains("(there is no driver)"));
    CHECK_FALSE(cuda_present());
    faults().devices = cudaErrorNoDevice, faults().driver = 13000;
    CHECK_FALSE(cuda_present());
}

TEST_CASE("cuda device: without a working cuBLAS the built-in products are used, and the name gives the reason") {
    const Faulty restored;
    CHECK(open(app::DeviceChoice::cuda).description.find("cuBLAS 130000)") != std::string::npos);
    CHECK(open(app::DeviceChoice::cuda, Matmul::own).description.find("own matrix products, as requested)") !=
          std::string::npos);
    faults().no_cublas = true;
    CHECK(open(app::DeviceChoice::cuda).description.find("own matrix products, no libcublas)") != std::string::npos);
    CHECK_THROWS_WITH(open(app::DeviceChoice::cuda, Matmul::tf32),
                      doctest::Contains("tf32 and bf16 products need cuBLAS: no libcublas"));
    CHECK_THROWS_WITH(open(app::DeviceChoice::automatic, Matmul::bf16),
                      doctest::Contains("products on the CPU are f32"));
    faults() = {};
    faults().cublas_create = 1;
    const auto opened = open(app::DeviceChoice::cuda);
    CHECK(opened.description.find("own matrix products, cuBLAS does not start, status 1)") != std::string::npos);
    CHECK(opened.backend->allocator().stats().in_use == 0);  // the workspace was released
    faults() = {};
    faults().cublas_gemm = 15;
    CHECK(open(app::DeviceChoice::cuda).description.find("own matrix products, cuBLAS: gemm failed with status 15)") !=
          std::string::npos);
    CHECK_THROWS_WITH(open(app::DeviceChoice::cuda, Matmul::bf16),
                      doctest::Contains("tf32 and bf16 products need cuBLAS: cuBLAS: gemm failed with status 15"));
}

TEST_CASE("cuda device: tf32 keeps ten bits of a factor and bf16 seven, only in f32 products") {
    // Products of 1 + 2^-k and 3. Ties are rounded to even.
    auto product = [](Backend& b, DType type, int k) {
        const Tensor x = Tensor::full(b, type, Shape{1, 1}, 1 + std::ldexp(1.0, -k));
        return matmul(x, Tensor::full(b, type, Shape{1, 1}, 3)).item();
    };
    struct Mode {
        Matmul matmul;
        int kept;  // fraction bits
    };
    for (const Mode& mode : {Mode{Matmul::f32, 20}, {Matmul::own, 20}, {Matmul::tf32, 10}, {Matmul::bf16, 7}}) {
        CudaOptions options;
        options.matmul = mode.matmul;
        const auto gpu = cuda_backend(options);
        for (int k : {7, 8, 10, 11, 20}) {
            INFO("mode ", int(mode.matmul), " k ", k);
            const double exact = 3 + 3 * std::ldexp(1.0, -k);
            CHECK(product(*gpu, DType::f32, k) == (k <= mode.kept ? exact : 3));
            CHECK(product(*gpu, DType::f64, k) == exact);
        }
    }
}
