// Controls the boat of examples/lake.h with an exported policy until it arrives.
//     g++ -std=c++17 -O2 -o drive examples/policy/drive.cpp
//     ./drive policy.npz                                                       # with policy.h
//     mkfifo actions; ./drive <actions | astro act --policy policy.npz >actions   # with astro act, through pipes
// Prints the result on standard error. The exit status is 0 if the boat arrives.
#include <cmath>
#include <cstdio>
#include <iostream>
#include <optional>
#include <string>

#include "policy.h"

namespace {

double clip(double v) { return std::max(-1.0, std::min(1.0, v)); }

// Sends one request and reads the answer {"action": [A, B]}.
std::vector<double> ask(const std::vector<double>& state, const std::vector<double>& goal) {
    std::printf("{\"observation\": [%.17g, %.17g], \"goal\": [%.17g, %.17g]}\n", state[0], state[1], goal[0], goal[1]);
    std::fflush(stdout);
    std::string line;
    std::vector<double> action(2);
    if (!std::getline(std::cin, line) ||
        std::sscanf(line.c_str(), "{\"action\": [%lf, %lf]}", &action[0], &action[1]) != 2)
        throw std::runtime_error("no action was received");
    return action;
}

}  // namespace

int main(int argc, char** argv) try {
    std::optional<policy::Policy> policy;
    if (argc > 1) policy.emplace(argv[1]);
    std::vector<double> state = {-6, -6};
    const std::vector<double> goal = {6, 6};
    auto distance = [&] { return std::hypot(state[0] - goal[0], state[1] - goal[1]); };
    int steps = 0;
    for (; steps < 200 && distance() > .5; ++steps) {
        const std::vector<double> action = policy ? policy->act(state, goal) : ask(state, goal);
        const double x = state[0], y = state[1];
        state = {x + .2 * clip(action[0]) - .01 * y, y + .2 * clip(action[1]) + .01 * x};
    }
    std::fprintf(stderr, "%d steps, at (%.6f, %.6f), %.6f from the goal\n", steps, state[0], state[1], distance());
    return distance() <= .5 ? 0 : 1;
} catch (const std::exception& error) {
    std::fprintf(stderr, "drive: %s\n", error.what());
    return 2;
}
