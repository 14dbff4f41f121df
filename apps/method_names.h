// Makes the names of astro::method available in astro::app without a qualifier.
#pragma once

namespace astro::method {}
namespace astro::app {
using namespace astro::method;
}
