// runtime_api.h with what it needs, for the emulator's own files.
#pragma once

#include <cstddef>

#include "tests/cuda_emulation/runtime_api.h"
