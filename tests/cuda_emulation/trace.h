// Trace mode: what the compiler's access hooks feed. In the other modes these do nothing.
#pragma once

#include <cstddef>
#include <cstdint>

namespace gpu::emulated {

// The state of a byte of device memory.
enum class ByteState : unsigned char { none = 0, uninitialised, initialised, freed };

#if defined(ASTRO_EMULATION_TRACE)
constexpr bool trace_mode = true;
void set_tracing(bool on);  // on while code of a kernel runs
void trace_set_state(const void* address, size_t bytes, ByteState state);
void trace_copy_state(void* to, const void* from, size_t bytes);
bool trace_initialised(const void* address, size_t bytes);  // all of it
void trace_forget(const void* address, size_t bytes);       // gives the memory of its notes back
#else
constexpr bool trace_mode = false;
inline void set_tracing(bool) {}
inline void trace_set_state(const void*, size_t, ByteState) {}
inline void trace_copy_state(void*, const void*, size_t) {}
inline bool trace_initialised(const void*, size_t) { return true; }
inline void trace_forget(const void*, size_t) {}
#endif

}  // namespace gpu::emulated
