/* The boat of examples/exec/boat.c, which misbehaves: misbehave HOW REQUEST [N], at a request of that kind, after N
   right answers to such requests. */
#define _POSIX_C_SOURCE 200809L
#define main boat_main
#include "../../examples/exec/boat.c"
#undef main

#include <fcntl.h>
#include <signal.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static const char* how;

static void rest(long milliseconds) {
    const struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    nanosleep(&time, NULL);
}

/* The line to print instead of the right one; %ld stands for the request's id. */
static const struct {
    const char *how, *line;
} lines[] = {{"nonsense", "hello \033[31mworld\n"},
             {"array", "[1, 2]\n"},
             {"empty", "\n"},
             {"twice", "{\"id\": %ld, \"states\": []}\n{\"id\": 7}\n"},
             {"loading", "loading...\n{\"id\": %ld, \"states\": []}\n"},
             {"missing", "{\"id\": %ld}\n"},
             {"few", "{\"id\": %ld, \"states\": [[1, 2]]}\n"},
             {"narrow", "{\"id\": %ld, \"states\": [[1]]}\n"},
             {"nan", "{\"id\": %ld, \"states\": [[NaN, 2]]}\n"},
             {"id", "{\"id\": 1%ld, \"states\": []}\n"},
             {"error", "{\"id\": %ld, \"error\": \"out of \\u001bpaint\"}\n"},
             {"version", "{\"id\": %ld, \"version\": 2}\n"},
             {"flat",
              "{\"id\": %ld, \"version\": 1, \"name\": \"flat\", \"state_dim\": 2, \"action_dim\": 2, "
              "\"step_limit\": 5, \"position\": [0, 0]}\n"},
             {"fraction", "{\"id\": %ld, \"version\": 1, \"name\": \"f\", \"state_dim\": 2.5}\n"},
             {"nameless", "{\"id\": %ld, \"version\": 1, \"name\": \"\"}\n"}};

/* Rows of the right shape for the request's actions, with one value that is no finite number. */
static void spoilt(const char* line, const char* value) {
    double* actions;
    const size_t n = numbers_of(line, "actions", &actions) / 2;
    printf("{\"id\": %ld, \"states\": [", atol(value_of(line, "id")));
    for (size_t i = 0; i < n; ++i) printf("%s[0, %s]", i ? ", " : "", i + 1 < n ? "0" : value);
    printf("]}\n");
    fflush(stdout);
    free(actions);
}

static int files_are_closed(void) {
    for (int file = 3; file < 256; ++file)
        if (fcntl(file, F_GETFD) != -1) return 0;
    return 1;
}

static void misbehave(const char* line) {
    const long id = atol(value_of(line, "id"));
    for (size_t i = 0; i < sizeof lines / sizeof *lines; ++i)
        if (strcmp(how, lines[i].how) == 0) {
            printf(lines[i].line, id);
            fflush(stdout);
            return;
        }
    if (strcmp(how, "null") == 0) spoilt(line, "null");
    if (strcmp(how, "text") == 0) spoilt(line, "\"2\"");
    if (strcmp(how, "large") == 0) spoilt(line, "1e999");
    if (strcmp(how, "huge") == 0) spoilt(line, "1e308");
    if (strcmp(how, "silent") == 0)
        for (;;) pause();
    if (strcmp(how, "stubborn") == 0) { /* and what it started keeps its pipes open */
        signal(SIGTERM, SIG_IGN);
        if (fork() >= 0)
            for (;;) pause();
    }
    if (strcmp(how, "orphaned") == 0) { /* it ends, what it started keeps its pipes open */
        if (fork() == 0)
            for (;;) pause();
        exit(5);
    }
    if (strcmp(how, "dies") == 0) {
        fprintf(stderr, "first\n\033[2Jcapsized\a\n");
        exit(3);
    }
    if (strcmp(how, "killed") == 0) raise(SIGKILL);
    if (strcmp(how, "half") == 0) {
        printf("{\"id\": %ld, \"sta", id);
        fflush(stdout);
        for (;;) pause();
    }
    if (strcmp(how, "flood") == 0)
        for (;;) fputs("abcdefgh", stdout);
    if (strcmp(how, "deaf") == 0) {
        close(0);
        for (;;) pause();
    }
    if (strcmp(how, "late") == 0) rest(3000), answer(line);
    if (strcmp(how, "chatty") == 0) { /* no misbehaviour: more words than a pipe holds */
        static int said;
        for (; said < 10000; ++said) fputs("a line of some length to standard error\n", stderr);
        answer(line);
    }
    if (strcmp(how, "house") == 0) { /* what it has from astro */
        printf("{\"id\": %ld, \"error\": \"files %s, group %s\"}\n", id, files_are_closed() ? "closed" : "open",
               getpgrp() == getpid() || getpgrp() == getppid() ? "own" : "shared");
        fflush(stdout);
    }
    if (strcmp(how, "differs") == 0) { /* each process has a name of its own */
        printf("{\"id\": %ld, \"name\": \"boat-%ld\"}\n", id, (long)getpid());
        fflush(stdout);
    }
    if (strcmp(how, "forgets") == 0) { /* the same seed, another start */
        static int times;
        printf("{\"id\": %ld, \"states\": [[%d, 0]], \"goals\": [[1, 1]]}\n", id, ++times);
        fflush(stdout);
    }
}

int main(int count, char** words) {
    size_t room = 1 << 16;
    char* line = malloc(room);
    if (count != 3 && count != 4) return 2;
    how = words[1];
    long right = count == 4 ? atol(words[3]) : 0;
    while (read_line(&line, &room)) {
        if (is(value_of(line, "request"), words[2]) && right-- <= 0)
            misbehave(line);
        else
            answer(line);
    }
    free(line);
    return 0;
}
