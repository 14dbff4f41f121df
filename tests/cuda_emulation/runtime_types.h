// runtime_api.h with the types it needs, for the files of the emulator.
#pragma once

#include <cstddef>

#include "tests/cuda_emulation/runtime_api.h"
