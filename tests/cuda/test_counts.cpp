// Compares the counts of `astro bench --count` with the kernels and copies of the CUDA backend (on the emulator) for
// the same work.
#include "apps/bench/counting_backend.h"
#include "apps/selftest/small_networks.h"
#include "tensor/check/gradcheck.h"
#include "tensor/ops/packed_weights.h"
#include "tests/cuda/both.h"
#include "tests/cuda_emulation/streams.h"

using namespace astro;
using namespace astro::method;

namespace {

// Two backends that execute the same work, and their counts since the last check.
struct Both {
    app::DeviceWork work;
    std::unique_ptr<Backend> cpu = make_cpu_backend(), counting = app::make_counting_backend(*cpu, work);
    std::unique_ptr<Backend> gpu = cuda_backend(without_graphs());
    gpu::emulated::Counters before;

    Both() { restart(); }
    static CudaOptions without_graphs() {
        CudaOptions options;
        options.capture = false;
        return options;
    }
    // Downloads a number, which completes all queued work.
    static void wait(Backend& backend) { Tensor::zeros(backend, DType::f32, Shape{1}).item(); }
    void restart() {
        wait(*gpu);
        before = gpu::emulated::counters(), work = app::DeviceWork();
    }
    void check() {
        wait(*counting), wait(*gpu);
        const gpu::emulated::Counters after = gpu::emulated::counters();
        CHECK(uint64_t(work.launches) == after.launches - before.launches + after.copies_within - before.copies_within);
        CHECK(uint64_t(work.copies) == after.copies - before.copies);
        restart();
    }
};

void check_step(const app::SmallNetwork& network) {
    Both both;
    ThreadPool pool(1);
    const auto counted = network.make({*both.counting, pool, 1}), launched = network.make({*both.gpu, pool, 1});
    both.check();
    for (int64_t k = 0; k < 3; ++k) {  // TD3+BC updates the actor in every second step
        INFO(network.name, ", update ", k);
        counted->update(k);
        launched->update(k);
        CHECK(both.work.launches > 20);
        both.check();
    }
}

// Arrays of ones that exist while a function of the backend uses them.
struct Arrays {
    Backend& backend;
    DType type;
    std::vector<Tensor> kept = {};
    void* operator()(int64_t n) {
        kept.push_back(Tensor::full(backend, type, Shape{n}, 1));
        return kept.back().raw();
    }
};

void check_entry(Both& both, const std::string& what, const std::function<void(Backend&, DType, Arrays&)>& entry) {
    for (DType type : {DType::f32, DType::f64}) {
        INFO(text(what, " ", dtype_name(type)));
        for (Backend* backend : {both.counting.get(), both.gpu.get()}) {
            Arrays arrays{*backend, type};
            entry(*backend, type, arrays);
        }
        both.check();
    }
}

}  // namespace

TEST_CASE("cuda counts: steps of all networks launch as many kernels and copies as are counted") {
    app::SmallWorld w;
    Config& config = w.config;  // batches are large enough that sums over rows are split
    config.dynamics.network.batch = config.planner.network.batch = 30;
    config.tdr.batch = config.value.batch = config.gcbc.batch = 90, config.tdr.batch_episodes = 20;
    for (const app::SmallNetwork& network : app::small_networks(w))
        if (network.name.find("single task") == std::string::npos) check_step(network);
}

TEST_CASE("cuda counts: every row of the op table, forward and backward") {
    Both both;
    for (const OpCase& op_case : op_cases())
        for (DType type : {DType::f32, DType::f64}) {
            INFO(text(op_case.op, " ", op_case.shapes[0], " ", dtype_name(type)));
            run_op(*both.counting, op_case, type, 3);
            run_op(*both.gpu, op_case, type, 3);
            both.check();
        }
}

TEST_CASE("cuda counts: sums, products and sorts on both sides of the limits where they are split") {
    Both both;
    for (int64_t kept : {0, 1, 3, 40, 300})
        for (int64_t summed : {0, 1, 64, 65, 129, 2048, 2049})
            for (bool inner : {false, true}) {
                if (kept * summed > 20000) continue;
                Traversal t;
                t.rank = 2;
                t.sizes[inner ? 1 : 0] = kept, t.sizes[inner ? 0 : 1] = summed, t.b_step[inner ? 1 : 0] = 1;
                check_entry(both, text("sum_to ", kept, " of ", summed),
                            [&](Backend& b, DType type, Arrays& a) { b.sum_to(type, t, a(kept * summed), a(kept)); });
            }
    for (int64_t rows : {0, 1, 64, 65, 200})
        for (int64_t groups : {1, 2}) {
            if (rows % groups != 0) continue;
            const int64_t width = 35, n = rows * width, g = groups * width;
            const std::string what = text(rows, " rows in ", groups);
            check_entry(both, "linear_grad, " + what, [&](Backend& b, DType type, Arrays& a) {
                b.linear_grad(type, rows, width, a(n), a(n), a(n), a(width), groups == 1);
                b.linear_grad(type, rows, width, a(n), nullptr, a(n), a(width), groups == 2);
                b.linear_grad(type, rows, width, a(n), a(n), a(n), nullptr, false);
            });
            check_entry(both, "layer_norm_grad, " + what, [&](Backend& b, DType type, Arrays& a) {
                for (int kept = 0; kept < 4; ++kept)
                    b.layer_norm_grad(type, rows, width, groups, 0, a(n), a(g), a(rows), a(rows), a(n), a(n),
                                      kept & 1 ? a(g) : nullptr, kept & 2 ? a(g) : nullptr);
            });
            check_entry(both, "gated_linear and its gradient, " + what, [&](Backend& b, DType type, Arrays& a) {
                for (const int64_t k : {0, 3}) {
                    const Tensor w = PackedWeights::of(Tensor::full(b, type, Shape{k, width}, 1), false);
                    for (void* z : {a(n), static_cast<void*>(nullptr)}) {
                        b.gated_linear(type, rows, width, k, groups, a(rows * k), w.raw(), a(width), a(n), a(g), z,
                                       a(n));
                        b.gated_linear_grad(type, rows, width, groups, a(g), z, a(n), z ? a(g) : nullptr, a(n));
                    }
                }
            });
        }
    for (int64_t n : {0, 1, 2048, 2049})
        check_entry(both, text("norm and metric of ", n), [&](Backend& b, DType type, Arrays& a) {
            Tensor y = Tensor::zeros(b, DType::f64, Shape{3});
            b.norm(type, n, a(n), y.data<double>());
            b.record_metric(type, n, a(n), y.data<double>() + 2, y.data<double>(), y.data<double>() + 1);
        });
    for (int64_t k : {0, 1, 511, 512})
        check_entry(both, text("products, k = ", k), [&](Backend& b, DType type, Arrays& a) {
            b.gemm(type, false, false, 3, 5, k, a(3 * k), k, a(k * 5), 5, a(15), 5, false);
            b.gemm(type, false, false, 0, 5, k, a(0), k, a(k * 5), 5, a(0), 5, true);
            b.pairwise_distance_grad(type, 3, k, 5, 1e-6, a(15), a(5 * k), a(3 * k), a(3 * k), a(15), a(5 * k));
        });
    struct Attention {
        int64_t batch, tokens, heads, head_dim;
    };
    for (const Attention& c : {Attention{0, 3, 1, 4}, {2, 128, 1, 4}, {2, 129, 1, 4}, {1, 40, 1, 200}, {1, 512, 1, 2}})
        check_entry(both, text("attention of ", c.tokens, " tokens"), [&](Backend& b, DType type, Arrays& a) {
            const int64_t n = c.batch * c.tokens * c.heads * c.head_dim, p = c.batch * c.heads * c.tokens * c.tokens;
            void *qkv = a(3 * n), *kept = a(p);
            b.attention(type, c.batch, c.tokens, c.heads, c.head_dim, true, qkv, kept, a(n));
            b.attention_grad(type, c.batch, c.tokens, c.heads, c.head_dim, true, qkv, kept, a(n), a(3 * n));
        });
    for (int64_t n : {0, 1, 1024, 1025})
        check_entry(both, text("scatter of ", n), [&](Backend& b, DType type, Arrays& a) {
            const Tensor rows = Tensor::zeros(b, DType::i64, Shape{n});
            b.scatter_add_rows(type, n, 2, a(2 * n), rows.data<int64_t>(), a(2));
        });
}
