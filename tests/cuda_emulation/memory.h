// Device memory: a reserved range of addresses, each of which is used only once.
//
// Each block lies between redzones of at least 256 bytes (the rear one starts immediately after the block) and is
// filled with 0xFF (NaN) when it is allocated and freed. The range is inaccessible while host code runs; an access ends
// the process with a line that describes the address. Pinned host memory is poisoned too, but accessible.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace gpu::emulated {

void* device_allocate(size_t bytes);  // 256-byte aligned; null if the limit (set_device_memory) is reached
void device_free(void* block);        // ready to be poisoned
bool is_device_address(const void* address);
const char* device_memory_start();
size_t device_memory_reserved();  // bytes of the range of addresses
// The reason why [address, address + bytes) is not inside one live block; empty if it is.
std::string outside_live_block(const void* address, size_t bytes);
bool starts_block(const void* address);
std::string describe_device_address(const void* address);  // "12 bytes past the end of block 7 (64 bytes, freed)"

size_t device_memory_used();
size_t device_memory_limit();
void set_device_memory(size_t bytes);
size_t live_blocks();

// Reports writes outside live blocks since the last call; `after` names the possible origin.
void check_redzones(const std::string& after);

// Device memory is accessible between these calls, which may be nested.
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
