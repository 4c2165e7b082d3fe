#include "app/demo.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "app/broker_file.h"
#include "app/interrupt.h"

#define START_MS 20000
#define STOP_MS 10000
#define LOOK_EVERY_MS 20
#define ARGUMENTS_MAX 256

/* ------------------------------------------------------------------------------------------ the folder */

static enum status folder_make(struct demo_services *s, const char *wanted, struct error *err)
{
    const char *base = getenv("TMPDIR");
    if (wanted) {
        snprintf(s->folder, sizeof s->folder, "%s", wanted);
        if (mkdir(s->folder, 0700) == 0)
            return STATUS_OK;
        return error_set(err, STATUS_IO, "--state-dir %s: %s (give a folder that does not exist yet)", wanted, strerror(errno));
    }
    snprintf(s->folder, sizeof s->folder, "%s/storecast-demo-XXXXXX", base && *base ? base : "/tmp");
    if (!mkdtemp(s->folder)) {
        const int why = errno;
        s->folder[0] = '\0';
        return error_set(err, STATUS_IO, "temporary folder: %s (set TMPDIR)", strerror(why));
    }
    s->is_temporary = true;
    return STATUS_OK;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st;
    (void)kind;
    (void)where;
    return remove(path);
}

/* ------------------------------------------------------------------------------------------ HTTP, the little we need */

static int socket_to(int port)
{
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct timeval patience = {.tv_sec = 2};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
        return fd;
    close(fd);
    return -1;
}

/* The whole answer with its head; false when there was none. */
static bool http_get(int port, const char *path, struct buffer *out)
{
    const int fd = socket_to(port);
    if (fd < 0)
        return false;
    char request[128], chunk[4096];
    const int size = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", path);
    ssize_t n = write(fd, request, (size_t)size) == size ? 1 : -1;
    while (n > 0 && (n = read(fd, chunk, sizeof chunk)) > 0)
        buffer_put(out, chunk, (size_t)n);
    close(fd);
    return out->size > 12 && !out->failed;
}

static bool is_ready(int port)
{
    struct buffer answer = {0};
    const bool ready = http_get(port, "/readyz", &answer) && memcmp(answer.data + 9, "200", 3) == 0;
    buffer_done(&answer);
    return ready;
}

/* The usual port when it is free, else any free one. */
static int free_port(int usual)
{
    int port = usual;
    for (int attempt = 0; attempt < 2; attempt++, port = 0) {
        struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t size = sizeof at;
        const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        const bool bound = bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && getsockname(fd, (struct sockaddr *)&at, &size) == 0;
        close(fd);
        if (bound)
            return ntohs(at.sin_port);
    }
    return usual;
}

/* ------------------------------------------------------------------------------------------ starting */

struct arguments {
    char *items[ARGUMENTS_MAX];
    size_t count;
    struct arena arena;
    bool failed;
};

static void argue(struct arguments *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void argue(struct arguments *a, const char *format, ...)
{
    char text[2048];
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    const struct text copy = arena_text(&a->arena, text_of(text));
    if (!copy.data || a->count + 2 > ARGUMENTS_MAX)
        a->failed = true;
    else
        a->items[a->count++] = (char *)(uintptr_t)copy.data; /* arena memory is ours to hand to exec */
}

/* Our own options on to the children, below what we must decide. */
static void argue_configuration(struct arguments *a, struct command_context *c, const struct demo_services *s)
{
    if (command_text(c, "--config"))
        argue(a, "--config=%s", command_text(c, "--config"));
    for (size_t i = 0; i < command_count(c, "-X"); i++) {
        argue(a, "-X");
        argue(a, "%s", command_text_at(c, "-X", i));
    }
    argue(a, "-X");
    argue(a, "state.dir=%s", s->folder);
}

static enum status launch(struct demo_services *s, struct child *child, struct arguments *a, const char *log, struct error *err)
{
    char path[DEMO_PATH_BYTES + 32];
    snprintf(path, sizeof path, "%s/%s", s->folder, log);
    const enum status status = a->failed ? error_set(err, STATUS_NO_MEMORY, "out of memory") : child_start(child, a->items, path, err);
    arena_done(&a->arena);
    return status;
}

static enum status start_broker(struct demo_services *s, struct command_context *c, struct error *err)
{
    struct arguments a = {0};
    argue(&a, "storecast");
    argue(&a, "broker");
    argue(&a, "--partitions=%lld", (long long)command_integer(c, "--partitions"));
    argue_configuration(&a, c, s);
    return launch(s, &s->broker, &a, "broker.log", err);
}

static enum status start_worker(struct demo_services *s, struct command_context *c, const struct period_grid *grid, struct error *err)
{
    struct arguments a = {0};
    argue(&a, "storecast");
    argue(&a, "worker");
    argue(&a, "--embedded=%s", s->address);
    argue(&a, "-X");
    argue(&a, "batch.max.ms=20");
    argue_configuration(&a, c, s);
    if (grid->unit == PERIOD_WEEK) {
        argue(&a, "-X");
        argue(&a, "period.week_end=%s", weekday_name((enum weekday)grid->week_end));
    }
    argue(&a, "-X");
    argue(&a, "http.listen=127.0.0.1");
    argue(&a, "-X");
    argue(&a, "http.port=%d", s->http_port);
    return launch(s, &s->worker, &a, "worker.log", err);
}

static bool broker_is_up(struct demo_services *s)
{
    struct error unused;
    return broker_file_read(s->folder, s->address, &unused) == STATUS_OK;
}

static bool worker_is_up(struct demo_services *s) { return is_ready(s->http_port); }

static enum status wait_until(struct demo_services *s, bool (*is_up)(struct demo_services *), const char *who, struct error *err)
{
    const struct timespec moment = {.tv_nsec = LOOK_EVERY_MS * 1000000};
    for (int waited = 0; waited < START_MS; waited += LOOK_EVERY_MS) {
        if (is_up(s))
            return STATUS_OK;
        enum status status = demo_services_check(s, err);
        if (!status && interrupt_requested())
            status = error_set(err, STATUS_UNAVAILABLE, "interrupted");
        if (status)
            return status;
        nanosleep(&moment, NULL);
    }
    return error_set(err, STATUS_UNAVAILABLE, "the %s did not come up within %d s (--state-dir DIR keeps its log)", who, START_MS / 1000);
}

enum status demo_services_start_broker(struct demo_services *s, struct command_context *c, const char *folder, struct error *err)
{
    enum status status = folder_make(s, folder, err);
    if (!status)
        status = start_broker(s, c, err);
    return status ? status : wait_until(s, broker_is_up, "broker", err);
}

enum status demo_services_start_worker(struct demo_services *s, struct command_context *c, const struct period_grid *grid, struct error *err)
{
    s->http_port = free_port((int)c->config.http_port);
    const enum status status = start_worker(s, c, grid, err);
    return status ? status : wait_until(s, worker_is_up, "worker", err);
}

/* ------------------------------------------------------------------------------------------ watching and ending */

static void last_line(const struct demo_services *s, const char *log, char *out, size_t size)
{
    char path[DEMO_PATH_BYTES + 32], line[512];
    snprintf(path, sizeof path, "%s/%s", s->folder, log);
    out[0] = '\0';
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0])
            snprintf(out, size, "%s", line);
    }
    if (f)
        fclose(f);
}

static enum status check_one(const struct demo_services *s, struct child *child, const char *who, const char *log, struct error *err)
{
    char how[32], line[512];
    if (child->pid <= 0 || child_is_running(child))
        return STATUS_OK;
    last_line(s, log, line, sizeof line);
    return error_set(err, STATUS_UNAVAILABLE, "the %s ended by itself, %s: %s", who, child_end_text(child, how, sizeof how), line);
}

enum status demo_services_check(struct demo_services *s, struct error *err)
{
    const enum status status = check_one(s, &s->worker, "worker", "worker.log", err);
    return status ? status : check_one(s, &s->broker, "broker", "broker.log", err);
}

void demo_services_stop(struct demo_services *s)
{
    child_stop(&s->worker, STOP_MS);
    child_stop(&s->broker, STOP_MS);
    if (s->is_temporary)
        nftw(s->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* ------------------------------------------------------------------------------------------ metrics */

enum status demo_services_metrics(const struct demo_services *s, struct buffer *out)
{
    if (!http_get(s->http_port, "/metrics", out))
        return STATUS_UNAVAILABLE;
    buffer_put_u8(out, 0);
    return buffer_status(out);
}

double demo_metric(const struct buffer *metrics, const char *name)
{
    const size_t size = strlen(name);
    const char *line = metrics->data ? (const char *)metrics->data : "";
    while (line) {
        if (strncmp(line, name, size) == 0 && line[size] == ' ')
            return strtod(line + size, NULL);
        line = strchr(line, '\n');
        line = line ? line + 1 : NULL;
    }
    return 0;
}
