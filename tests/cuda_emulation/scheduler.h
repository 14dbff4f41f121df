// Executes a launch: blocks one after another, the threads of a block as fibers on the calling OS thread.
//
// A thread runs until it reaches a barrier or a warp collective, or ends. Warps run in turn, and the lanes of a warp
// run in the selected order. A collective is resolved when all 32 lanes wait in it at the same source line, a barrier
// when all threads of the block do. All other situations are reported (which threads wait where), and the launch is
// aborted.
#pragma once

#include <cstdint>
#include <string>

#include "tests/cuda_emulation/device.h"
#include "tests/cuda_emulation/launch.h"

namespace gpu::emulated {

// The order of blocks, warps and lanes. A correct kernel without float atomics gives identical results in each order.
enum class Order { forward, reversed, random };
void set_order(Order order,
               uint64_t seed = 0);  // ASTRO_EMULATION_ORDER=forward|reversed|random:SEED sets the initial order
Order order();

bool run(const Launch& launch);  // false if it was aborted

// The position of the running thread, for the race detector and for messages.
struct Position {
    const Kernel* kernel = nullptr;  // null while no kernel runs
    uint32_t launch = 0;             // counts from 1
    uint32_t block = 0;              // linear
    uint32_t epoch = 0;              // barriers passed by this block
    uint32_t thread = 0;             // linear in the block
    uint32_t warp_epoch = 0;         // __syncwarp passed by this warp since the barrier
    size_t shared_bytes = 0;         // dynamic
};
extern Position position;
std::string where();  // "kernel softmax, block 3, thread 17"

}  // namespace gpu::emulated
