// Functions for tables: each row of a table names a function that another file defines.
#pragma once

// A pointer to a function of this namespace that another file defines. It is declared in place, so that a new file
// needs no header. type: of the function, such as Factory. To be used in a function that is in the namespace itself,
// not in an anonymous one.
#define ASTRO_DEFINED_ELSEWHERE(type, function) \
    [] {                                        \
        type function;                          \
        return &function;                       \
    }()
