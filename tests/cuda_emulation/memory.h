// Device memory: one reserved range of addresses, handed out once, never again.
//
// Every block lies between redzones of 256 bytes at least (the rear one starts at its very end) and is filled
// with 0xFF (NaN) when allocated and when freed. While host code runs the whole range is inaccessible; a
// touch ends the process with a line that says what was touched. Pinned host memory is poisoned likewise but
// accessible.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace gpu::emulated {

void* device_allocate(size_t bytes);  // 256-byte aligned; null where the limit (set_device_memory) is reached
void device_free(void* block);        // ready to be poisoned
bool is_device_address(const void* address);
const char* device_memory_start();
size_t device_memory_reserved();  // bytes of the range of addresses
// Why [address, address + bytes) isn't inside one live block; empty where it is.
std::string outside_live_block(const void* address, size_t bytes);
bool starts_block(const void* address);
std::string describe_device_address(const void* address);  // "12 bytes past the end of block 7 (64 bytes, freed)"

size_t device_memory_used();
size_t device_memory_limit();
void set_device_memory(size_t bytes);
size_t live_blocks();

// Reports what was written outside the live blocks since the last call; `after` names who may have done it.
void check_redzones(const std::string& after);

// Device memory is accessible between these; they nest.
struct OpenDeviceMemory {
    OpenDeviceMemory();
    ~OpenDeviceMemory();
    OpenDeviceMemory(const OpenDeviceMemory&) = delete;
};

// Dynamic shared memory of the running block, poisoned, with a guard behind it.
void begin_shared(size_t bytes);
void end_shared();
constexpr size_t dynamic_shared_limit = 48 * 1024;  // as on every device, unless a kernel asks for more
bool is_dynamic_shared(const void* address);
const char* dynamic_shared_start();

}  // namespace gpu::emulated
