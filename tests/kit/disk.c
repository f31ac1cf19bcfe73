/* A disk that is watched, and can be made slow or bad: preloaded into a process of Linux (LD_PRELOAD).

   DISK_ROOT   the folder that stands for the disk; what happens elsewhere is let through
   DISK_TRACE  a file to which every change below the root is written, in the order in which they
               happened, with all bytes that were written to a socket between them
   DISK_FAULT  "what nth times effect value": from the nth call of this kind on, so many times (0: for ever)
                 what    write | write-main | write-log | sync | sync-main | sync-log | dot | dot-second
                 effect  error (value: errno) | pause (value: seconds) | kill | kill-after (the call)
               -main is ledger.sqlite, -log its write-ahead log; a dot is one that ends a message, and
               second where another has left since the log was last synchronised
   DISK_ARMED  a file; the fault waits until it exists, and is counted from then on

   A record of the trace is a line "kind nanoseconds file position size", then so many bytes. The kinds are
   O opened, N made, W written, T cut off at position, B synchronising begins, E it has ended, M folder made,
   R renamed (old NUL new), U removed, S sent to a socket (its number in place of the file's), F a fault of it. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define MOST 65536 /* descriptors */
#define GENUINE(name) \
  static __typeof__(&name) genuine; \
  if (!genuine) genuine = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

enum { OTHER, SOCKET, FOLDER, SOME_FILE, MAIN, LOG };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static unsigned char kinds[MOST];
static unsigned long long inodes[MOST];
static int trace = -1;
static const char *root, *armed;
static struct { char what[16], effect[16]; long nth, times; double value; int is_set; } fault;
static long counted;
static int dots; /* that have left since the log was synchronised */
static __thread int dies;

__attribute__((constructor)) static void begin(void) {
  root = getenv("DISK_ROOT");
  armed = getenv("DISK_ARMED");
  const char *file = getenv("DISK_TRACE"), *told = getenv("DISK_FAULT");
  if (file) trace = (int)openat(AT_FDCWD, file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (told)
    fault.is_set = sscanf(told, "%15s %ld %ld %15s %lf", fault.what, &fault.nth, &fault.times,
                          fault.effect, &fault.value) == 5;
}

/* the trace */

static void tell(char kind, unsigned long long file, long long position, const void *data, size_t size) {
  if (trace < 0) return;
  struct timespec now;
  char line[96];
  clock_gettime(CLOCK_MONOTONIC, &now);
  int length = snprintf(line, sizeof line, "%c %llu %llu %lld %zu\n", kind,
                        now.tv_sec * 1000000000ULL + now.tv_nsec, file, position, size);
  struct iovec parts[] = {{line, length}, {(void *)data, size}};
  GENUINE(writev);
  if (genuine(trace, parts, 2) != (ssize_t)(length + size)) abort(); /* a gap would prove nothing */
}

static int ends(const char *path, const char *end) {
  size_t length = strlen(path), size = strlen(end);
  return length >= size && !strcmp(path + length - size, end);
}

static int is_ours(const char *path) {
  size_t length = root ? strlen(root) : 0;
  return length && !strncmp(path, root, length) && (path[length] == '/' || !path[length]) &&
         !ends(path, " (deleted)") && !ends(path, "-shm"); /* a file of the memory's, never synchronised */
}

static char *whole(int folder, const char *path, char into[PATH_MAX]) {
  char link[64], base[PATH_MAX];
  if (path[0] == '/') return strncpy(into, path, PATH_MAX - 1);
  if (folder == AT_FDCWD) {
    if (!getcwd(base, sizeof base)) return NULL;
  } else {
    snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
    ssize_t size = readlink(link, base, sizeof base - 1);
    if (size < 0) return NULL;
    base[size] = 0;
  }
  return snprintf(into, PATH_MAX, "%s/%s", base, path) < PATH_MAX ? into : NULL;
}

/* faults */

static int is_meant(const char *call, int kind, const void *data, size_t size) {
  if (kind == SOCKET) {
    if (strncmp(fault.what, "dot", 3) || size < 5 || !memmem(data, size, "\r\n.\r\n", 5)) return 0;
    return ++dots > 1 || !fault.what[3];
  }
  size_t length = strlen(call);
  if (strncmp(fault.what, call, length) || kind < SOME_FILE) return 0;
  const char *which = fault.what + length;
  return !*which || (kind == MAIN && !strcmp(which, "-main")) || (kind == LOG && !strcmp(which, "-log"));
}

/* Whether this call is to fail now, errno set; it may never return, or late. */
static int fails(const char *call, int kind, unsigned long long file, const void *data, size_t size) {
  if (!fault.is_set || !is_meant(call, kind, data, size)) return 0;
  if (armed && access(armed, F_OK)) return 0;
  long number = __sync_add_and_fetch(&counted, 1);
  if (number < fault.nth || (fault.times && number >= fault.nth + fault.times)) return 0;
  tell('F', file, number, call, strlen(call));
  if (!strcmp(fault.effect, "kill")) raise(SIGKILL);
  if (!strcmp(fault.effect, "kill-after")) dies = 1;
  if (!strcmp(fault.effect, "pause")) {
    struct timespec left = {(time_t)fault.value, (long)((fault.value - (time_t)fault.value) * 1e9)};
    while (nanosleep(&left, &left) && errno == EINTR) continue; /* as a disk: it hears no signal */
  }
  if (strcmp(fault.effect, "error")) return 0;
  errno = (int)fault.value;
  return 1;
}

static void after(void) {
  if (dies) raise(SIGKILL);
}

/* files */

static int kind_of(int fd) { return fd >= 0 && fd < MOST ? kinds[fd] : OTHER; }

static void opened(int fd, int is_new) {
  char link[64], path[PATH_MAX];
  struct stat found;
  if (fd < 0 || fd >= MOST) return;
  kinds[fd] = OTHER;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t size = readlink(link, path, sizeof path - 1);
  if (size < 0) return;
  path[size] = 0;
  if (!is_ours(path) || fstat(fd, &found)) return;
  kinds[fd] = S_ISDIR(found.st_mode)         ? FOLDER
              : ends(path, "ledger.sqlite")     ? MAIN
              : ends(path, "ledger.sqlite-wal") ? LOG
                                                : SOME_FILE;
  inodes[fd] = found.st_ino;
  tell(is_new ? 'N' : 'O', found.st_ino, 0, path, size);
}

static int is_there(int folder, const char *path) {
  struct stat found;
  return !fstatat(folder, path, &found, AT_SYMLINK_NOFOLLOW);
}

#define OPENING(name, folder, ...) \
  mode_t mode = 0; \
  if (flags & (O_CREAT | O_TMPFILE)) { \
    va_list more; \
    va_start(more, flags); \
    mode = va_arg(more, mode_t); \
    va_end(more); \
  } \
  GENUINE(name); \
  if (!root) return genuine(__VA_ARGS__, mode); \
  pthread_mutex_lock(&mutex); \
  int was_there = !(flags & O_CREAT) || is_there(folder, path); \
  int fd = genuine(__VA_ARGS__, mode); \
  int error = errno; \
  opened(fd, !was_there); \
  if (kind_of(fd) >= SOME_FILE && (flags & O_TRUNC) && was_there) tell('T', inodes[fd], 0, "", 0); \
  pthread_mutex_unlock(&mutex); \
  errno = error; \
  return fd;

int open(const char *path, int flags, ...) { OPENING(open, AT_FDCWD, path, flags) }
int open64(const char *path, int flags, ...) { OPENING(open64, AT_FDCWD, path, flags) }
int openat(int folder, const char *path, int flags, ...) { OPENING(openat, folder, folder, path, flags) }
int openat64(int folder, const char *path, int flags, ...) { OPENING(openat64, folder, folder, path, flags) }

int close(int fd) {
  GENUINE(close);
  if (fd >= 0 && fd < MOST) kinds[fd] = OTHER;
  return genuine(fd);
}

#define WRITING(name, position, ...) \
  GENUINE(name); \
  int kind = kind_of(fd); \
  if (kind < SOME_FILE) return genuine(__VA_ARGS__); \
  if (fails("write", kind, inodes[fd], data, size)) return -1; \
  pthread_mutex_lock(&mutex); \
  long long at = (position); \
  ssize_t done = genuine(__VA_ARGS__); \
  int error = errno; \
  if (done > 0) tell('W', inodes[fd], at, data, done); \
  pthread_mutex_unlock(&mutex); \
  after(); \
  errno = error; \
  return done;

ssize_t pwrite(int fd, const void *data, size_t size, off_t to) { WRITING(pwrite, to, fd, data, size, to) }
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t to) {
  WRITING(pwrite64, to, fd, data, size, to)
}

static int sends(int fd, const void *data, size_t size) {
  int type;
  socklen_t length = sizeof type;
  struct sockaddr_storage name;
  socklen_t room = sizeof name;
  if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) || type != SOCK_STREAM) return 0;
  if (getsockname(fd, (struct sockaddr *)&name, &room) || name.ss_family == AF_UNIX) return 0;
  fails("send", SOCKET, 0, data, size);
  return 1;
}

#define SENDING(name, data, size, ...) \
  GENUINE(name); \
  if (!root || !sends(fd, data, size)) return genuine(__VA_ARGS__); \
  pthread_mutex_lock(&mutex); \
  ssize_t done = genuine(__VA_ARGS__); \
  int error = errno; \
  if (done > 0) tell('S', fd, 0, data, done); \
  pthread_mutex_unlock(&mutex); \
  after(); \
  errno = error; \
  return done;

static ssize_t to_socket(int fd, const void *data, size_t size) { SENDING(write, data, size, fd, data, size) }
static ssize_t to_file(int fd, const void *data, size_t size) {
  WRITING(write, lseek(fd, 0, SEEK_CUR), fd, data, size)
}
ssize_t write(int fd, const void *data, size_t size) {
  return kind_of(fd) >= SOME_FILE ? to_file(fd, data, size) : to_socket(fd, data, size);
}
ssize_t send(int fd, const void *data, size_t size, int flags) {
  SENDING(send, data, size, fd, data, size, flags)
}

static char *joined(const struct iovec *parts, int number, size_t *size) {
  *size = 0;
  for (int i = 0; i < number; i++) *size += parts[i].iov_len;
  char *data = malloc(*size + 1), *end = data;
  for (int i = 0; i < number; i++) end = mempcpy(end, parts[i].iov_base, parts[i].iov_len);
  return data;
}
static ssize_t gathered(int fd, const struct iovec *parts, int number, const char *data, size_t size) {
  SENDING(writev, data, size, fd, parts, number)
}
ssize_t writev(int fd, const struct iovec *parts, int number) {
  size_t size;
  char *data = joined(parts, number, &size);
  ssize_t done = gathered(fd, parts, number, data, size);
  int error = errno;
  free(data);
  errno = error;
  return done;
}
static ssize_t told(int fd, const struct msghdr *message, int flags, const char *data, size_t size) {
  SENDING(sendmsg, data, size, fd, message, flags)
}
ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
  size_t size;
  char *data = joined(message->msg_iov, (int)message->msg_iovlen, &size);
  ssize_t done = told(fd, message, flags, data, size);
  int error = errno;
  free(data);
  errno = error;
  return done;
}

ssize_t sendfile(int to, int from, off_t *at, size_t size) { /* copied by the usual calls, which are seen */
  errno = ENOTSOCK;
  return -1;
}
ssize_t sendfile64(int to, int from, off64_t *at, size_t size) {
  errno = ENOTSOCK;
  return -1;
}

#define CUTTING(name) \
  GENUINE(name); \
  int kind = kind_of(fd); \
  if (kind < SOME_FILE) return genuine(fd, size); \
  if (fails("write", kind, inodes[fd], "", 0)) return -1; \
  pthread_mutex_lock(&mutex); \
  int done = genuine(fd, size); \
  if (!done) tell('T', inodes[fd], size, "", 0); \
  pthread_mutex_unlock(&mutex); \
  return done;

int ftruncate(int fd, off_t size) { CUTTING(ftruncate) }
int ftruncate64(int fd, off64_t size) { CUTTING(ftruncate64) }

#define SYNCHRONISING(name) \
  GENUINE(name); \
  int kind = kind_of(fd); \
  if (kind < FOLDER) return genuine(fd); \
  pthread_mutex_lock(&mutex); \
  tell('B', inodes[fd], 0, "", 0); \
  pthread_mutex_unlock(&mutex); \
  if (fails("sync", kind, inodes[fd], "", 0)) return -1; \
  int done = genuine(fd); \
  pthread_mutex_lock(&mutex); \
  if (!done) tell('E', inodes[fd], 0, "", 0); \
  if (kind == LOG) dots = 0; \
  pthread_mutex_unlock(&mutex); \
  after(); \
  return done;

int fsync(int fd) { SYNCHRONISING(fsync) }
int fdatasync(int fd) { SYNCHRONISING(fdatasync) }

/* names */

#define NAMING(name, kind, folder, path, ...) \
  GENUINE(name); \
  char into[PATH_MAX] = ""; \
  struct stat found = {0}; \
  pthread_mutex_lock(&mutex); \
  int done = genuine(__VA_ARGS__); \
  int error = errno; \
  if (!done && root && whole(folder, path, into) && is_ours(into)) { \
    lstat(into, &found); \
    tell(kind, found.st_ino, 0, into, strlen(into)); \
  } \
  pthread_mutex_unlock(&mutex); \
  errno = error; \
  return done;

int unlink(const char *path) { NAMING(unlink, 'U', AT_FDCWD, path, path) }
int unlinkat(int folder, const char *path, int flags) {
  NAMING(unlinkat, 'U', folder, path, folder, path, flags)
}
int rmdir(const char *path) { NAMING(rmdir, 'U', AT_FDCWD, path, path) }
int mkdir(const char *path, mode_t mode) { NAMING(mkdir, 'M', AT_FDCWD, path, path, mode) }
int mkdirat(int folder, const char *path, mode_t mode) {
  NAMING(mkdirat, 'M', folder, path, folder, path, mode)
}

static void renamed(int old_folder, const char *old, int new_folder, const char *new) {
  char both[2 * PATH_MAX], from[PATH_MAX] = "", to[PATH_MAX] = "";
  if (!root || !whole(old_folder, old, from) || !whole(new_folder, new, to)) return;
  if (!is_ours(from) && !is_ours(to)) return;
  size_t size = strlen(from) + 1;
  memcpy(both, from, size);
  memcpy(both + size, to, strlen(to));
  tell('R', 0, 0, both, size + strlen(to));
}
#define RENAMING(name, old_folder, new_folder, ...) \
  GENUINE(name); \
  pthread_mutex_lock(&mutex); \
  int done = genuine(__VA_ARGS__); \
  int error = errno; \
  if (!done) renamed(old_folder, old, new_folder, new); \
  pthread_mutex_unlock(&mutex); \
  errno = error; \
  return done;

int rename(const char *old, const char *new) { RENAMING(rename, AT_FDCWD, AT_FDCWD, old, new) }
int renameat(int old_folder, const char *old, int new_folder, const char *new) {
  RENAMING(renameat, old_folder, new_folder, old_folder, old, new_folder, new)
}
