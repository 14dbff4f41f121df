// Trace mode: a race detector and initialisation checks behind the compiler's access hooks
// (-fsanitize=thread).
//
// Per 4-byte word of global and shared memory there are three summaries (plain writes, atomics, reads) of who
// accessed it in this launch: block or many, barrier epoch, warp or many in that epoch, warp epoch, thread or
// many in that. Two accesses of one launch conflict when they come from different blocks, or from one epoch
// and different warps, or from one warp epoch and different threads, unless both are reads or both atomics.
// Exact at block and barrier level, of constant size. Beside them a state for each byte of global memory; a
// word of shared memory is initialised when the running block has written it. In the other modes all this
// does nothing.
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
void trace_forget(const void* address, size_t bytes);       // gives the memory of its notes back
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
