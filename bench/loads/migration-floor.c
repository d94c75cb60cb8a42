/* The floor of a migration: one process writes memory to a TCP connection over loopback, 1 MiB at a time, another reads it into memory,
   and nothing else happens. Both sides hold it as guests' memory is held: a memfd, mapped, huge pages advised. Usage: migration-floor MIB;
   prints bytes per second of a transfer into memory never touched before, then of the same into memory that was. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BLOCK ((size_t)1 << 20)

static void check(int good, const char *what)
{
    if (!good) {
        perror(what);
        exit(1);
    }
}

static char *memory(size_t bytes)
{
    int fd = memfd_create("migration-floor", MFD_CLOEXEC);
    check(fd >= 0 && ftruncate(fd, (off_t)bytes) == 0, "memfd");
    char *start = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    check(start != MAP_FAILED, "mmap");
    madvise(start, bytes, MADV_HUGEPAGE);
    return start;
}

static void send_all(int fd, const char *data, size_t bytes)
{
    while (bytes > 0) {
        ssize_t count = write(fd, data, bytes < BLOCK ? bytes : BLOCK);
        check(count > 0, "write");
        data += count;
        bytes -= (size_t)count;
    }
}

static void read_all(int fd, char *data, size_t bytes)
{
    while (bytes > 0) {
        ssize_t count = read(fd, data, bytes < BLOCK ? bytes : BLOCK);
        check(count > 0, "read");
        data += count;
        bytes -= (size_t)count;
    }
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    check(argc == 2, "usage: migration-floor MIB");
    size_t bytes = (size_t)strtoull(argv[1], NULL, 10) << 20;
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    check(bind(listener, (struct sockaddr *)&address, length) == 0 && listen(listener, 1) == 0, "listen");
    check(getsockname(listener, (struct sockaddr *)&address, &length) == 0, "getsockname");
    pid_t child = fork();
    check(child >= 0, "fork");
    if (child == 0) {
        int data = socket(AF_INET, SOCK_STREAM, 0);
        check(connect(data, (struct sockaddr *)&address, length) == 0, "connect");
        char *into = memory(bytes);
        for (int round = 0; round < 2; round++) {
            read_all(data, into, bytes);
            send_all(data, "", 1);
        }
        return 0;
    }

    char *from = memory(bytes);
    uint64_t state = 88172645463325252u;
    for (size_t i = 0; i < bytes / sizeof state; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        ((uint64_t *)from)[i] = state;
    }

    int data = accept(listener, NULL, NULL);
    check(data >= 0, "accept");
    for (int round = 0; round < 2; round++) {
        char done;
        double start = now();
        send_all(data, from, bytes);
        read_all(data, &done, 1);
        printf("%.0f%c", (double)bytes / (now() - start), round == 0 ? ' ' : '\n');
    }

    waitpid(child, NULL, 0);
    return 0;
}
