// A library to preload: it makes system calls fail as they do on other machines. The environment says which.
//     FAIL_LOCK=1         flock: the file system has no locks (Lustre without the flock option, some NFS)
//     FAIL_THREADS=N      no thread is started after the first N (a limit on processes)
//     READ_ONLY=FOLDER    nothing in this folder can be created, written, renamed or removed
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int read_only(const char *path) {
    const char *folder = getenv("READ_ONLY");
    if (folder == NULL || strncmp(path, folder, strlen(folder)) != 0) return 0;
    errno = EROFS;
    return 1;
}

int flock(int file, int operation) {
    if (getenv("FAIL_LOCK")) {
        errno = ENOSYS;
        return -1;
    }
    int (*next)(int, int) = (int (*)(int, int))dlsym(RTLD_NEXT, "flock");
    return next(file, operation);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument) {
    static int started;
    const char *most = getenv("FAIL_THREADS");
    if (most != NULL && started >= atoi(most)) return EAGAIN;
    ++started;
    int (*next)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *) =
        (int (*)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *))dlsym(RTLD_NEXT, "pthread_create");
    return next(thread, attributes, start, argument);
}

static int open_as(const char *name, const char *path, int flags, mode_t mode) {
    if ((flags & (O_WRONLY | O_RDWR | O_CREAT)) != 0 && read_only(path)) return -1;
    int (*next)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, name);
    return next(path, flags, mode);
}

#define OPEN(name)                                     \
    int name(const char *path, int flags, ...) {       \
        va_list more;                                  \
        va_start(more, flags);                         \
        const mode_t mode = va_arg(more, unsigned);    \
        va_end(more);                                  \
        return open_as(#name, path, flags, mode);      \
    }
OPEN(open)
OPEN(open64)

#define REFUSE(name)                                                            \
    int name(const char *path) {                                                \
        if (read_only(path)) return -1;                                         \
        int (*next)(const char *) = (int (*)(const char *))dlsym(RTLD_NEXT, #name); \
        return next(path);                                                      \
    }
REFUSE(unlink)
REFUSE(rmdir)

int mkdir(const char *path, mode_t mode) {
    if (read_only(path)) return -1;
    int (*next)(const char *, mode_t) = (int (*)(const char *, mode_t))dlsym(RTLD_NEXT, "mkdir");
    return next(path, mode);
}

int rename(const char *from, const char *to) {
    if (read_only(to)) return -1;
    int (*next)(const char *, const char *) = (int (*)(const char *, const char *))dlsym(RTLD_NEXT, "rename");
    return next(from, to);
}
