// The program is written in terms of the method: inside astro::app, names of astro::method need no qualifier.
#pragma once

namespace astro::method {}
namespace astro::app {
using namespace astro::method;
}
