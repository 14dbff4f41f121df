// Fuzz targets: each takes any bytes and must either succeed or throw Error; any other outcome is a defect.
// `make fuzz` runs them with clang's libFuzzer; `make test` replays the corpus with the usual compiler.
#pragma once

#include <cstddef>
#include <cstdint>

namespace astro::fuzz {

void npy(const uint8_t* bytes, size_t size);     // an array's header, as data/npy reads it
void npz(const uint8_t* bytes, size_t size);     // an archive: every array; then as a data set, inspected and loaded
void json(const uint8_t* bytes, size_t size);    // parsed; what was parsed is printed and parsed again
void config(const uint8_t* bytes, size_t size);  // a configuration file onto the settings
void command_line(const uint8_t* bytes, size_t size);  // words by line, for `astro run`

}  // namespace astro::fuzz
