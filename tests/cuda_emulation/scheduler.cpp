#include "tests/cuda_emulation/scheduler.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <string>
#include <vector>

#include "tests/cuda_emulation/fiber.h"
#include "tests/cuda_emulation/findings.h"
#include "tests/cuda_emulation/kernels.h"
#include "tests/cuda_emulation/memory.h"
#include "tests/cuda_emulation/trace.h"

namespace gpu::emulated {

Running running = {{1, 0, 0}, {0, 0, 0}, {1, 1, 1}, {1, 1, 1}};  // not all zero: outside .bss (device.h)
Position position;

namespace {

constexpr unsigned lanes = 32;

enum class State { fresh, ready, waiting, done };

struct Thread {
    uint3 index{};
    State state = State::fresh;
    Collective kind = Collective::none;
    Site site{};
    unsigned mask = 0;
    uint64_t value = 0;  // input, then result
    int operand = 0, width = 0;
    Fiber* fiber = nullptr;
};

struct Schedule {
    Order order = Order::forward;
    uint64_t seed = 0;
    const Launch* launch = nullptr;
    std::vector<Thread> threads;
    std::vector<uint32_t> warp_epochs;
    std::vector<unsigned> lane_order = std::vector<unsigned>(lanes), warp_order;
    std::vector<Fiber*> idle;
    int fibers = 0;        // fibers in use
    unsigned current = 0;  // the running thread
    unsigned first = 0;    // of the running warp
    unsigned next = 0;     // position in lane_order of the next lane
    unsigned count() const { return static_cast<unsigned>(threads.size()); }
} schedule;

uint64_t next_random() {  // splitmix64
    uint64_t z = schedule.seed += 0x9e3779b97f4a7c15ull;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

template <class T>
void arrange(std::vector<T>& items) {
    const size_t n = items.size();
    std::iota(items.begin(), items.end(), T{0});
    if (schedule.order == Order::reversed)
        for (size_t i = 0; i < n / 2; ++i) std::swap(items[i], items[n - 1 - i]);
    if (schedule.order == Order::random)
        for (size_t i = n; i > 1; --i) std::swap(items[i - 1], items[next_random() % i]);
}

void make_current(unsigned number) {
    schedule.current = number;
    running.thread = schedule.threads[number].index;
    position.thread = number;
    position.warp_epoch = schedule.warp_epochs[number / lanes];
}

// The body of each fiber: starts new lanes of the running warp until one of them waits (which leaves the fiber), then
// leaves.
void fiber_body() {
    for (;;) {
        while (schedule.next < lanes) {
            const unsigned number = schedule.first + schedule.lane_order[schedule.next];
            Thread& thread = schedule.threads[number];
            if (thread.state != State::fresh) break;
            ++schedule.next;
            make_current(number);
            thread.fiber = Fiber::current();
            set_tracing(true);
            schedule.launch->run_thread();
            set_tracing(false);
            thread.state = State::done;
        }
        schedule.idle.push_back(Fiber::current());
        Fiber::leave();
    }
}

Fiber& idle_fiber() {
    if (schedule.idle.empty()) return pooled_fiber(schedule.fibers++, fiber_body);
    Fiber* fiber = schedule.idle.back();
    schedule.idle.pop_back();
    return *fiber;
}

// Runs each runnable lane once.
void pass_over_warp() {
    schedule.next = 0;
    while (schedule.next < lanes) {
        const unsigned number = schedule.first + schedule.lane_order[schedule.next];
        Thread& thread = schedule.threads[number];
        if (thread.state == State::fresh) {
            idle_fiber().enter();
            continue;
        }
        ++schedule.next;
        if (thread.state != State::ready) continue;
        thread.state = State::waiting;
        make_current(number);
        thread.fiber->enter();
    }
}

const char* name_of(Collective kind) {
    switch (kind) {
        case Collective::barrier:
        case Collective::barrier_count:
            return "__syncthreads";
        case Collective::sync_warp:
            return "__syncwarp";
        case Collective::ballot:
            return "__ballot_sync";
        case Collective::any:
            return "__any_sync";
        case Collective::all:
            return "__all_sync";
        default:
            return "__shfl_sync";
    }
}

bool is_barrier(Collective kind) { return kind == Collective::barrier || kind == Collective::barrier_count; }

bool together(const Thread& a, const Thread& b) {
    return a.state == State::waiting && b.state == State::waiting && a.kind == b.kind && a.site.line == b.site.line &&
           std::strcmp(a.site.file, b.site.file) == 0;
}

// "32 at __syncthreads (file:12), 3 ended".
std::string who_waits(unsigned first, unsigned count) {
    std::string text;
    std::vector<bool> told(count);
    for (unsigned i = 0; i < count; ++i) {
        if (told[i]) continue;
        const Thread& thread = schedule.threads[first + i];
        unsigned n = 0;
        for (unsigned j = i; j < count; ++j) {
            const Thread& other = schedule.threads[first + j];
            if (thread.state == State::done ? other.state == State::done : together(thread, other)) told[j] = true, ++n;
        }
        if (!text.empty()) text += ", ";
        text += thread.state == State::done ? text_of("%u threads (first %u) ended", n, first + i)
                                            : text_of("%u (first %u) wait in %s at %s:%d", n, first + i,
                                                      name_of(thread.kind), thread.site.file, thread.site.line);
    }
    return text;
}

bool give_up(const char* kind, unsigned first, unsigned count) {
    report(kind, text_of("kernel %s, block %u: ", full_name(*position.kernel).c_str(), position.block) +
                     who_waits(first, count));
    return false;
}

uint64_t shuffled(Collective kind, unsigned first, unsigned lane, const uint64_t* values) {
    const Thread& thread = schedule.threads[first + lane];
    const unsigned width = static_cast<unsigned>(thread.width);
    const unsigned operand = static_cast<unsigned>(thread.operand);
    const unsigned segment = lane / width * width;
    unsigned source = lane;
    if (kind == Collective::shuffle) source = segment + operand % width;
    if (kind == Collective::shuffle_up && lane >= segment + operand) source = lane - operand;
    if (kind == Collective::shuffle_down && lane + operand < segment + width) source = lane + operand;
    if (kind == Collective::shuffle_xor && (lane ^ operand) < segment + width) source = lane ^ operand;
    return values[source];
}

// Computes the results of a collective in which all lanes wait.
void resolve(unsigned first) {
    const Collective kind = schedule.threads[first].kind;
    uint64_t values[lanes], votes = 0;
    for (unsigned lane = 0; lane < lanes; ++lane) {
        values[lane] = schedule.threads[first + lane].value;
        if (values[lane]) votes |= uint64_t{1} << lane;
    }
    if (kind == Collective::sync_warp) ++schedule.warp_epochs[first / lanes];
    for (unsigned lane = 0; lane < lanes; ++lane) {
        Thread& thread = schedule.threads[first + lane];
        if (kind == Collective::ballot)
            thread.value = votes;
        else if (kind == Collective::any)
            thread.value = votes != 0;
        else if (kind == Collective::all)
            thread.value = votes == 0xffffffffu;
        else if (kind != Collective::sync_warp)
            thread.value = shuffled(kind, first, lane, values);
        thread.state = State::ready;
    }
}

// Runs one warp until all its lanes wait at a barrier or have ended.
bool run_warp(unsigned first) {
    schedule.first = first;
    for (;;) {
        pass_over_warp();
        bool collective = false, same = true;
        for (unsigned lane = 0; lane < lanes; ++lane) {
            const Thread& thread = schedule.threads[first + lane];
            if (thread.state == State::waiting && !is_barrier(thread.kind)) {
                collective = true;
                if (thread.mask != ~0u) return give_up("warp mask", first, lanes);
                const int width = thread.width;
                if (width < 1 || width > 32 || (width & (width - 1))) return give_up("shuffle width", first, lanes);
            }
            if (!together(schedule.threads[first], thread)) same = false;
        }
        if (!collective) return true;
        if (!same) return give_up("warp divergence", first, lanes);
        resolve(first);
    }
}

// All threads have reached a barrier, or all have ended (then `more` is set to false).
bool pass_barrier(bool& more) {
    const unsigned count = schedule.count();
    unsigned ended = 0;
    uint64_t votes = 0;
    for (const Thread& thread : schedule.threads) {
        ended += thread.state == State::done;
        votes += thread.value != 0;
        if (thread.state != schedule.threads[0].state) return give_up("barrier", 0, count);
        if (thread.state == State::waiting && !together(schedule.threads[0], thread))
            return give_up("barrier", 0, count);
    }
    more = ended == 0;
    for (Thread& thread : schedule.threads) {
        if (thread.kind == Collective::barrier_count) thread.value = votes;
        if (more) thread.state = State::ready;
    }
    ++position.epoch;
    for (uint32_t& epoch : schedule.warp_epochs) epoch = 0;
    return true;
}

bool run_block() {
    for (Thread& thread : schedule.threads) thread.state = State::fresh;
    arrange(schedule.lane_order);
    arrange(schedule.warp_order);
    position.epoch = 0;
    for (uint32_t& epoch : schedule.warp_epochs) epoch = 0;
    for (bool more = true; more;) {
        for (unsigned warp : schedule.warp_order)
            if (!run_warp(warp * lanes)) return false;
        if (!pass_barrier(more)) return false;
    }
    return true;
}

// Restarts the fibers of threads that will not continue.
void forget_fibers() {
    for (int i = 0; i < schedule.fibers; ++i) pooled_fiber(i, fiber_body).restart();
    schedule.idle.clear();
    schedule.fibers = 0;
}

struct FirstOrder {
    FirstOrder() {
        const char* text = std::getenv("ASTRO_EMULATION_ORDER");
        if (!text) return;
        if (!std::strcmp(text, "reversed")) set_order(Order::reversed);
        if (!std::strncmp(text, "random", 6))
            set_order(Order::random, std::strtoull(text + 6 + (text[6] == ':'), nullptr, 10));
    }
} first_order;

}  // namespace

void set_order(Order order, uint64_t seed) { schedule.order = order, schedule.seed = seed; }
Order order() { return schedule.order; }

uint64_t collective(Collective kind, unsigned mask, uint64_t value, int operand, int width, Site site) {
    set_tracing(false);
    const unsigned number = schedule.current;
    Thread& thread = schedule.threads[number];
    thread.kind = kind, thread.mask = mask, thread.value = value;
    thread.operand = operand, thread.width = width, thread.site = site;
    thread.state = State::waiting;
    Fiber::leave();
    set_tracing(true);
    return thread.value;
}

bool run(const Launch& launch) {
    schedule.launch = &launch;
    ++launch.kernel->launches;
    position.kernel = launch.kernel;
    ++position.launch;
    position.shared_bytes = launch.dynamic_shared_bytes;
    running.block_size = launch.block, running.grid_size = launch.grid;
    const unsigned count = launch.block.x * launch.block.y * launch.block.z;
    schedule.threads.assign(count, Thread{});
    schedule.warp_epochs.assign(count / lanes, 0);
    schedule.warp_order.resize(count / lanes);
    for (unsigned i = 0; i < count; ++i)
        schedule.threads[i].index = {i % launch.block.x, i / launch.block.x % launch.block.y,
                                     i / launch.block.x / launch.block.y};
    std::vector<uint32_t> blocks(size_t{launch.grid.x} * launch.grid.y * launch.grid.z);
    arrange(blocks);
    bool complete = true;
    for (uint32_t block : blocks) {
        position.block = block;
        running.block = {block % launch.grid.x, block / launch.grid.x % launch.grid.y,
                         block / launch.grid.x / launch.grid.y};
        begin_shared(launch.dynamic_shared_bytes);
        trace_begin_block();
        complete = run_block();
        end_shared();
        if (!complete) {
            forget_fibers();
            break;
        }
    }
    position.kernel = nullptr;
    return complete;
}

std::string where() {
    if (!position.kernel) return "no kernel";
    return text_of("kernel %s, block %u, thread %u", full_name(*position.kernel).c_str(), position.block,
                   position.thread);
}

}  // namespace gpu::emulated
