// Trace mode: a race detector and initialisation checks behind the compiler's access hooks
// (-fsanitize=thread).
//
// Each 4-byte word of global and shared memory has three summaries of its accesses in this launch: plain writes,
// atomics and reads. A summary has constant size. It contains the block (or "many"), the barrier epoch, the warp of
// this epoch (or "many"), the warp epoch, and the thread of it (or "many"). Two accesses of one launch conflict if they
// come from different blocks, or from the same epoch and different warps, or from the same warp epoch and different
// threads, unless both are reads or both are atomics. This is exact at the level of blocks and barriers. In addition,
// each byte of global memory has a state. A word of shared memory counts as initialised after the running block has
// written it. In the other modes these functions do nothing.
#pragma once

#include <cstddef>
#include <cstdint>

namespace gpu::emulated {

// The state of a byte of device memory.
enum class ByteState : unsigned char { none = 0, uninitialised, initialised, freed };

#if defined(ASTRO_EMULATION_TRACE)
constexpr bool trace_mode = true;
void set_tracing(bool on);  // on while code of a kernel runs
void trace_begin_block();   // shared memory starts uninitialised
void trace_set_state(const void* address, size_t bytes, ByteState state);
void trace_copy_state(void* to, const void* from, size_t bytes);
bool trace_initialised(const void* address, size_t bytes);  // all of it
void trace_forget(const void* address, size_t bytes);       // releases the memory of its summaries
#else
constexpr bool trace_mode = false;
inline void set_tracing(bool) {}
inline void trace_begin_block() {}
inline void trace_set_state(const void*, size_t, ByteState) {}
inline void trace_copy_state(void*, const void*, size_t) {}
inline bool trace_initialised(const void*, size_t) { return true; }
inline void trace_forget(const void*, size_t) {}
#endif

}  // namespace gpu::emulated
