/* The floor of a call through a broker: caller, broker and server are processes, joined by Unix stream sockets; the broker reads a whole
   message from one and writes it to the other, and nothing else happens. Usage: switch-floor BYTES CALLS; prints p50, p99 and mean in ns. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

static void read_all(int fd, char *data, size_t bytes)
{
    while (bytes > 0) {
        ssize_t count = read(fd, data, bytes);
        if (count <= 0)
            exit(0);
        data += count;
        bytes -= (size_t)count;
    }
}

static void write_all(int fd, const char *data, size_t bytes)
{
    while (bytes > 0) {
        ssize_t count = write(fd, data, bytes);
        if (count <= 0)
            exit(0);
        data += count;
        bytes -= (size_t)count;
    }
}

static long long now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
    long long one = *(const long long *)a, other = *(const long long *)b;
    return (one > other) - (one < other);
}

static void broker(int caller, int server, char *data, size_t bytes)
{
    struct pollfd both[2] = {{.fd = caller, .events = POLLIN}, {.fd = server, .events = POLLIN}};
    while (poll(both, 2, -1) > 0) {
        for (int side = 0; side < 2; side++) {
            if (both[side].revents) {
                read_all(both[side].fd, data, bytes);
                write_all(both[1 - side].fd, data, bytes);
            }
        }
    }
}

int main(int argc, char **argv)
{
    size_t bytes = argc > 1 ? strtoul(argv[1], NULL, 10) : 256;
    long calls = argc > 2 ? strtol(argv[2], NULL, 10) : 20000;
    char *data = calloc(1, bytes);
    long long *times = calloc((size_t)calls, sizeof *times);
    int near[2], far[2];
    if (!data || !times || socketpair(AF_UNIX, SOCK_STREAM, 0, near) || socketpair(AF_UNIX, SOCK_STREAM, 0, far))
        return 1;
    if (fork() == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(near[0]);
        close(far[1]);
        broker(near[1], far[0], data, bytes);
        return 0;
    }
    if (fork() == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(near[0]);
        close(near[1]);
        close(far[0]);
        for (;;) {
            read_all(far[1], data, bytes);
            write_all(far[1], data, bytes);
        }
    }
    close(near[1]);
    close(far[0]);
    close(far[1]);
    long long total = 0;
    for (long call = -1000; call < calls; call++) {
        long long start = now();
        write_all(near[0], data, bytes);
        read_all(near[0], data, bytes);
        if (call >= 0)
            total += times[call] = now() - start;
    }
    qsort(times, (size_t)calls, sizeof *times, ascending);
    printf("%lld %lld %lld\n", times[calls / 2], times[calls * 99 / 100], total / calls);
    return 0;
}
