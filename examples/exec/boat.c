/* The boat of examples/lake.h as a simulator for astro. Implements version 1 of the protocol in docs/environments.md
   in C, without libraries.
       make examples
       build/astro data verify lake.npz --env exec:build/examples/boat
   Reads one line of JSON per request and answers with one line of JSON. The parser only handles what the protocol
   sends: known keys, and numbers in arrays. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_AGENTS = 64, TASKS = 2, STEP_LIMIT = 200 };
static const double LAKE = 10, THRUST = .2, WHIRL = .01, TOLERANCE = .5;
static const double task_start[TASKS][2] = {{-6, -6}, {7, -5}}, task_goal[TASKS][2] = {{6, 6}, {-6, 4}};

struct boat {
    double x, y;
};
static struct boat boats[MAX_AGENTS];

static double clip(double v) { return v < -1 ? -1 : v > 1 ? 1 : v; }

static void drive(struct boat *b, double ax, double ay) {
    const double drift_x = -WHIRL * b->y, drift_y = WHIRL * b->x;
    b->x += THRUST * clip(ax) + drift_x, b->y += THRUST * clip(ay) + drift_y;
}

/* Uniform in [-1, 1) from a seed and the number of the draw (splitmix64): the same seed gives the same episode. */
static double noise(unsigned long long seed, unsigned long long draw) {
    unsigned long long z = seed * 0x9E3779B97F4A7C15u + (draw + 1) * 0xD1B54A32D192ED03u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    z ^= z >> 31;
    return (double)(z >> 11) / 4503599627370496.0 - 1;
}

/* Pointer to the value of "key" in the line, or null. */
static const char *value_of(const char *line, const char *key) {
    char quoted[40];
    snprintf(quoted, sizeof quoted, "\"%s\":", key);
    const char *at = strstr(line, quoted);
    if (!at) return NULL;
    for (at += strlen(quoted); *at == ' ';) ++at;
    return at;
}

static int is(const char *value, const char *word) {
    const size_t length = strlen(word);
    return value && value[0] == '"' && strncmp(value + 1, word, length) == 0 && value[1 + length] == '"';
}

/* Reads all numbers in the array of the key, row by row. Returns their number; the caller frees them. */
static size_t numbers_of(const char *line, const char *key, double **numbers) {
    const char *at = value_of(line, key);
    size_t count = 0, capacity = 64;
    int depth = 0;
    double *all = malloc(capacity * sizeof *all);
    if (!all) exit(1);
    for (; at && *at; ++at) {
        if (*at == '[') {
            ++depth;
        } else if (*at == ']') {
            if (--depth <= 0) break;
        } else if (*at == '-' || (*at >= '0' && *at <= '9')) {
            char *end;
            if (count == capacity && !(all = realloc(all, (capacity *= 2) * sizeof *all))) exit(1);
            all[count++] = strtod(at, &end);
            at = end - 1;
        }
    }
    *numbers = all;
    return count;
}

static void print_rows(const char *key, const double *xy, size_t rows) {
    printf(", \"%s\": [", key);
    for (size_t i = 0; i < rows; ++i) printf("%s[%.17g, %.17g]", i ? ", " : "", xy[2 * i], xy[2 * i + 1]);
    printf("]");
}

static void describe(void) {
    printf(", \"version\": 1, \"name\": \"boat-v0\", \"state_dim\": 2, \"action_dim\": 2, \"position\": [0, 1]");
    printf(", \"step_limit\": %d, \"tolerance\": %g, \"gamma\": 0.99, \"agents\": %d, \"replays_states\": true", STEP_LIMIT,
           TOLERANCE, MAX_AGENTS);
    printf(", \"picture\": {\"bounds\": [%g, %g, %g, %g], \"walls\": []}, \"tasks\": [", -LAKE, -LAKE, 2 * LAKE, 2 * LAKE);
    for (int t = 0; t < TASKS; ++t)
        printf("%s{\"start\": [%g, %g], \"goal\": [%g, %g]}", t ? ", " : "", task_start[t][0], task_start[t][1],
               task_goal[t][0], task_goal[t][1]);
    printf("]");
}

static void reset(const char *line) {
    double *agents, *tasks, *seeds;
    const size_t n = numbers_of(line, "agents", &agents);
    numbers_of(line, "tasks", &tasks);
    numbers_of(line, "seeds", &seeds);
    const int fixed_goal = is(value_of(line, "protocol"), "single-task");
    double states[2 * MAX_AGENTS], goals[2 * MAX_AGENTS];
    for (size_t i = 0; i < n && i < MAX_AGENTS; ++i) {
        const int task = (int)tasks[i] - 1;
        for (int c = 0; c < 2; ++c) {
            states[2 * i + (size_t)c] = task_start[task][c] + noise((unsigned long long)seeds[i], (unsigned)c);
            goals[2 * i + (size_t)c] =
                task_goal[task][c] + (fixed_goal ? 0 : noise((unsigned long long)seeds[i], 2 + (unsigned)c));
        }
        boats[(size_t)agents[i]].x = states[2 * i], boats[(size_t)agents[i]].y = states[2 * i + 1];
    }
    print_rows("states", states, n);
    print_rows("goals", goals, n);
    free(agents), free(tasks), free(seeds);
}

static void step(const char *line) {
    double *agents, *actions, states[2 * MAX_AGENTS];
    const size_t n = numbers_of(line, "agents", &agents);
    numbers_of(line, "actions", &actions);
    for (size_t i = 0; i < n && i < MAX_AGENTS; ++i) {
        struct boat *b = &boats[(size_t)agents[i]];
        drive(b, actions[2 * i], actions[2 * i + 1]);
        states[2 * i] = b->x, states[2 * i + 1] = b->y;
    }
    print_rows("states", states, n);
    free(agents), free(actions);
}

static void replay(const char *line) {
    double *states, *actions;
    const size_t n = numbers_of(line, "states", &states) / 2;
    numbers_of(line, "actions", &actions);
    for (size_t i = 0; i < n; ++i) {
        struct boat b = {states[2 * i], states[2 * i + 1]};
        drive(&b, actions[2 * i], actions[2 * i + 1]);
        states[2 * i] = b.x, states[2 * i + 1] = b.y;
    }
    print_rows("states", states, n);
    free(states), free(actions);
}

/* Prints the answer to one request. */
static void answer(const char *line) {
    const char *id = value_of(line, "id"), *request = value_of(line, "request");
    printf("{\"id\": %ld", id ? atol(id) : -1);
    if (is(request, "describe"))
        describe();
    else if (is(request, "reset"))
        reset(line);
    else if (is(request, "step"))
        step(line);
    else if (is(request, "replay"))
        replay(line);
    else
        printf(", \"error\": \"unknown request\"");
    printf("}\n");
    fflush(stdout); /* otherwise the line stays in a buffer, and astro waits for it */
}

/* Reads a line of any length into *line. Returns 0 at the end of input, when astro has ended. */
static int read_line(char **line, size_t *capacity) {
    size_t used = 0;
    while (*line && fgets(*line + used, (int)(*capacity - used), stdin)) {
        used += strlen(*line + used);
        if (used && (*line)[used - 1] == '\n') return 1;
        *line = realloc(*line, *capacity *= 2);
    }
    return 0;
}

int main(void) {
    size_t capacity = 1 << 16;
    char *line = malloc(capacity);
    while (read_line(&line, &capacity)) answer(line);
    free(line);
    return 0;
}
