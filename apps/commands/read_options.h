// How the commands about data sets read their files.
#pragma once

#include "apps/command_line/options.h"
#include "data/npz.h"

namespace astro::app {

struct ReadOptions {
    double unpack_ratio = data::kUnpackRatio;
    template <class V>
    void visit(V& v) {
        v("unpack_ratio", unpack_ratio, data::kUnpackMeaning, Source::ours, at_least(1));
    }
};

}  // namespace astro::app
