/* confine WRITABLE RUNTIME SOCKET PROGRAM ARGUMENTS...: runs a program as its systemd unit would, where no systemd runs.
 * What the unit says is in unit.h, made from it: the namespaces, read-only parts of the file system, devices, capabilities, user and
 * system calls. WRITABLE stands for the unit's state and runtime directories, RUNTIME for the one that is its user's; SOCKET is listened
 * on and handed over if the unit has a socket. Any step that fails ends with status 70. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/mount.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "unit.h" /* CALLS, FAMILIES, CAPABILITIES, FLAGS, SOCKET_NAME, USER_ID */

#define COUNT(a) (sizeof(a) / sizeof(*(a)))
#define NEED(what) do { if ((what) < 0) fail(#what); } while (0)

static const int calls[] = { CALLS -1 }, families[] = { FAMILIES -1 }, capabilities[] = { CAPABILITIES -1 };

static void fail(const char *what)
{
    fprintf(stderr, "confine: %s: %s\n", what, strerror(errno));
    exit(70);
}

static void read_only(const char *path)
{
    struct mount_attr attributes = { .attr_set = MOUNT_ATTR_RDONLY };
    if (access(path, F_OK) < 0)
        return;
    NEED(mount(path, path, NULL, MS_BIND | MS_REC, NULL));
    NEED(syscall(SYS_mount_setattr, AT_FDCWD, path, AT_RECURSIVE, &attributes, sizeof(attributes)));
}

static int kept(const char *path) { int tree = syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE); NEED(tree); return tree; }

static void make_path(const char *path)
{
    char copy[4096];
    snprintf(copy, sizeof(copy), "%s", path);
    for (char *slash = strchr(copy + 1, '/'); ; slash = strchr(slash + 1, '/')) {
        if (slash)
            *slash = 0;
        if (mkdir(copy, 0755) < 0 && errno != EEXIST)
            fail(copy);
        if (!slash)
            return;
        *slash = '/';
    }
}

static void put_back(int tree, const char *path)
{
    make_path(path);
    NEED(syscall(SYS_move_mount, tree, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH));
}

/* A directory of the host's, empty here but for what is kept. */
static void hide(const char *path, const char *options) { NEED(mount("none", path, "tmpfs", MS_NOSUID | MS_NODEV, options)); }

static int below(const char *path, const char *parent) { size_t n = strlen(parent); return !strncmp(path, parent, n) && path[n] == '/'; }

static void file_systems(const char *writable, const char *programs)
{
    int own = kept(writable), binaries = kept(programs);
    NEED(unshare(CLONE_NEWNS));
    NEED(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
    if (STRICT)
        read_only("/");
    if (FULL) {
        read_only("/usr");
        read_only("/boot");
        if (!ETC_WRITABLE)
            read_only("/etc");
    }
    const char *untouchable[] = { READ_ONLY NULL };
    for (const char **path = untouchable; *path; path++)
        read_only(*path);
    if (TUNABLES) {
        read_only("/proc/sys");
        read_only("/sys");
    }
    if (CONTROL_GROUPS)
        read_only("/sys/fs/cgroup");
    if (HOME_HIDDEN) {
        hide("/home", "mode=000");
        hide("/root", "mode=000");
    }
    if (PRIVATE_TMP) {
        hide("/tmp", "mode=1777");
        hide("/var/tmp", "mode=1777");
    }
    if (PRIVATE_DEVICES) {
        const char *names[] = { "null", "zero", "full", "random", "urandom", "tty" };
        int devices[COUNT(names)], shared = kept("/dev/shm");
        for (size_t i = 0; i < COUNT(names); i++) {
            char path[64];
            snprintf(path, sizeof(path), "/dev/%s", names[i]);
            devices[i] = kept(path);
        }
        hide("/dev", "mode=755");
        for (size_t i = 0; i < COUNT(names); i++) {
            char path[64];
            snprintf(path, sizeof(path), "/dev/%s", names[i]);
            int file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
            NEED(file);
            close(file);
            NEED(syscall(SYS_move_mount, devices[i], "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH));
        }
        put_back(shared, "/dev/shm");
    }
    if (PRIVATE_TMP && (below(programs, "/tmp") || below(programs, "/var/tmp")))
        put_back(binaries, programs);
    if (STRICT || (PRIVATE_TMP && (below(writable, "/tmp") || below(writable, "/var/tmp"))))
        put_back(own, writable);
}

static void listen_for(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    char pid[16];
    NEED(listener);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    unlink(path);
    NEED(bind(listener, (struct sockaddr *)&address, sizeof(address)));
    NEED(chmod(path, 0600));
    NEED(listen(listener, 512));
    if (listener != 3) {
        NEED(dup2(listener, 3));
        close(listener);
    }
    snprintf(pid, sizeof(pid), "%d", getpid());
    setenv("LISTEN_FDS", "1", 1);
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDNAMES", SOCKET_NAME, 1);
}

static void capabilities_and_user(const char *runtime)
{
    for (int capability = 0; capability < 64; capability++) {
        int keep = 0;
        for (size_t i = 0; i + 1 < COUNT(capabilities); i++)
            keep |= capabilities[i] == capability;
        if (!keep && prctl(PR_CAPBSET_READ, capability) == 1)
            NEED(prctl(PR_CAPBSET_DROP, capability));
    }
    if (USER_ID > 0) {
        if (mkdir(runtime, 0755) < 0 && errno != EEXIST)
            fail(runtime);
        NEED(chown(runtime, USER_ID, USER_ID));
        NEED(setgroups(0, NULL));
        NEED(setresgid(USER_ID, USER_ID, USER_ID));
        NEED(setresuid(USER_ID, USER_ID, USER_ID));
    }
}

static struct sock_filter filter[4096];
static unsigned short length;

static void add(unsigned short code, unsigned char yes, unsigned char no, unsigned value)
{
    filter[length++] = (struct sock_filter)BPF_JUMP(code, value, yes, no);
}

static void load(size_t offset) { add(BPF_LD | BPF_W | BPF_ABS, 0, 0, offset); }
static void load_argument(int index) { load(offsetof(struct seccomp_data, args) + 8 * index); }
static void answer(unsigned what) { add(BPF_RET | BPF_K, 0, 0, what); }
static void equal(unsigned value, unsigned char yes, unsigned char no) { add(BPF_JMP | BPF_JEQ | BPF_K, yes, no, value); }

/* Refuses a call whose argument has all (or any) of the bits; what is loaded afterwards is the call's number again. */
static void refuse_bits(unsigned call, int argument, unsigned bits, int all)
{
    equal(call, 0, all ? 5 : 4);
    load_argument(argument);
    if (all)
        add(BPF_ALU | BPF_AND | BPF_K, 0, 0, bits);
    if (all)
        equal(bits, 0, 1);
    else
        add(BPF_JMP | BPF_JSET | BPF_K, 0, 1, bits);
    answer(SECCOMP_RET_ERRNO | EPERM);
    load(offsetof(struct seccomp_data, nr));
}

static void system_calls(void)
{
    load(offsetof(struct seccomp_data, arch));
    equal(AUDIT_ARCH_X86_64, 1, 0);
    answer(SECCOMP_RET_KILL_PROCESS);
    load(offsetof(struct seccomp_data, nr));
    if (COUNT(families) > 1) {
        size_t known = COUNT(families) - 1;
        equal(SYS_socket, 0, known + 3);
        load_argument(0);
        for (size_t i = 0; i < known; i++)
            equal(families[i], known - i, 0);
        answer(SECCOMP_RET_ERRNO | EAFNOSUPPORT);
        load(offsetof(struct seccomp_data, nr));
    }
    if (NO_CODE) {
        refuse_bits(SYS_mmap, 2, PROT_EXEC | PROT_WRITE, 1);
        refuse_bits(SYS_mprotect, 2, PROT_EXEC, 0);
        refuse_bits(SYS_pkey_mprotect, 2, PROT_EXEC, 0);
        refuse_bits(SYS_shmat, 2, SHM_EXEC, 0);
    }
    if (NO_NAMESPACES) {
        refuse_bits(SYS_clone, 0, CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP, 0);
        equal(SYS_unshare, 0, 1);
        answer(SECCOMP_RET_ERRNO | EPERM);
        equal(SYS_setns, 0, 1);
        answer(SECCOMP_RET_ERRNO | EPERM);
    }
    for (size_t i = 0; i + 1 < COUNT(calls); i++) {
        equal(calls[i], 0, 1);
        answer(SECCOMP_RET_ALLOW);
    }
    answer(SECCOMP_RET_KILL_PROCESS);
    struct sock_fprog program = { .len = length, .filter = filter };
    NEED(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    NEED(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
}

int main(int count, char **arguments)
{
    char programs[4096];
    if (count < 5)
        return 70;
    /* With the directory above: what was built beside them. */
    snprintf(programs, sizeof(programs), "%s", arguments[4]);
    *strrchr(programs, '/') = 0;
    *strrchr(programs, '/') = 0;
    if (*SOCKET_NAME)
        listen_for(arguments[3]);
    file_systems(arguments[1], programs);
    if (PRIVATE_NETWORK)
        NEED(unshare(CLONE_NEWNET));
    umask(PRIVATE_FILES ? 0077 : 0022);
    capabilities_and_user(arguments[2]);
    NEED(prctl(PR_SET_PDEATHSIG, SIGKILL)); /* a change of user forgot it */
    system_calls();
    execv(arguments[4], arguments + 4);
    fail(arguments[4]);
}
