// Writes data of your own system to a file that astro can stitch. Replace the system, which is in lake.h, by yours.
//     make examples && build/examples/08_own_system lake.npz [PICTURE.svg]
//     build/astro run --config configs/own-system.ini --data lake.npz --run runs/lake
// Recorded episodes are short; stitched ones cross the lake.
#include <cstdio>

#include "data/dataset_load.h"
#include "examples/lake.h"
#include "examples/picture.h"
#include "tensor/base/error.h"

using namespace astro;

int main(int argc, char** argv) {
    if (argc < 2 || argc > 3) {
        std::fprintf(stderr, "usage: 08_own_system FILE.npz [PICTURE.svg]\n");
        return 2;
    }
    constexpr int kEpisodes = 500, kRows = 81;
    data::Dataset read;
    try {
        data::save_dataset(argv[1], example::record_trips(kEpisodes, kRows));
        read = data::load_dataset(argv[1]);
    } catch (const Error& error) {
        std::fprintf(stderr, "08_own_system: %s\n", error.what());
        return 1;
    }
    std::printf("%s: %d episodes of %d rows; state (x, y), action (thrust along x, y)\n", argv[1], kEpisodes, kRows);

    // In a correct file, the action of each row leads from the state of this row to the state of the next row. This
    // check detects a common mistake: actions that are shifted by one row.
    double worst = 0;
    const data::RegularView transitions = data::regular_view(read);
    for (int64_t row : transitions.rows) {
        const float *from = read.observation(row), *to = read.observation(row + 1), *action = read.action(row);
        example::Boat boat{from[0], from[1]};
        boat.step(action[0], action[1]);
        worst = std::max({worst, std::fabs(boat.x - to[0]), std::fabs(boat.y - to[1])});
    }
    std::printf("%zu transitions replayed, largest difference %.1e\n", transitions.rows.size(), worst);

    example::Picture picture(-25, 25, -25, 25);
    for (int64_t episode = 0; episode < 60; ++episode) {
        std::vector<example::XY> trip;
        for (int64_t row = read.episode_start[size_t(episode)]; row <= read.episode_end(episode); ++row)
            trip.push_back({read.observation(row)[0], read.observation(row)[1]});
        picture.line(trip, "#1f5fa8", 1), picture.dots({trip[0]}, "#c0392b");
    }
    if (!picture.write(argc > 2 ? argv[2] : nullptr)) return 1;
    return example::verdict(worst < 1e-5, "every stored transition agrees with the system");
}
