#include "chaos/service.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chaos/chaos.h"
#include "chaos/ledger.h"
#include "io/loop.h"

#define WAIT_S        120
#define ARGUMENTS_MAX 64

extern char **environ;

/* ---- start */

static pid_t spawn(struct service *s, char *const *argv, char *const *env)
{
    pid_t pid;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, s->log, O_WRONLY | O_CREAT | O_APPEND, 0644);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
    /* The broker's sockets among them: a connection ends only when nobody holds it any more. */
    posix_spawn_file_actions_addclosefrom_np(&actions, 3);
    if (posix_spawnp(&pid, argv[0], &actions, NULL, argv, env) != 0)
        chaos_fail("%s cannot be started", s->program);
    posix_spawn_file_actions_destroy(&actions);
    return pid;
}

struct list {
    char *items[ARGUMENTS_MAX];
    size_t count;
};

static void put(struct list *l, const char *text)
{
    if (l->count + 1 < ARGUMENTS_MAX)
        l->items[l->count++] = (char *)(uintptr_t)text;
}

static void put_option(struct list *l, const char *pair)
{
    put(l, "-X");
    put(l, pair);
}

static void put_bad_disk(struct list *env, const struct service *s, char texts[3][600])
{
    snprintf(texts[0], sizeof texts[0], "LD_PRELOAD=%s/tests/bad_disk.so", getenv("STORECAST_BUILD"));
    snprintf(texts[1], sizeof texts[1], "BAD_DISK=%s", s->bad_disk);
    snprintf(texts[2], sizeof texts[2], "BAD_DISK_PATH=%s/", s->state_dir);
    for (int i = 0; i < 3; i++)
        put(env, texts[i]);
}

void service_start(struct service *s, const char *crash_at)
{
    char embedded[128], history[64], crash[64], disk[3][600];
    struct list argv = {.count = 0}, env = {.count = 0};
    snprintf(embedded, sizeof embedded, "--embedded=%s", s->address ? s->address : "");
    snprintf(history, sizeof history, "history.periods=%d", LEDGER_HISTORY);
    const char *first[] = {"setpriv", "--pdeathsig", "KILL", s->program, "worker", "--state-dir", s->state_dir};
    for (size_t i = 0; i < sizeof first / sizeof *first; i++)
        put(&argv, first[i]);
    if (s->address)
        put(&argv, embedded);
    put_option(&argv, "http.port=0");
    put_option(&argv, history);
    for (const char *const *o = s->options; o && *o; o++)
        put_option(&argv, *o);
    if (crash_at) {
        snprintf(crash, sizeof crash, "STORECAST_CRASH_AT=%s", crash_at);
        put(&env, crash);
    }
    if (s->bad_disk)
        put_bad_disk(&env, s, disk);
    for (char **e = environ; *e; e++)
        if (strncmp(*e, "STORECAST_", 10) != 0)
            put(&env, *e);
    if (!s->keeps_log)
        unlink(s->log);
    s->port = 0;
    s->pid = spawn(s, argv.items, env.items);
    s->started++;
}

/* ---- end */

void service_show_log(const struct service *s)
{
    char text[3001];
    FILE *f = fopen(s->log, "re");
    if (!f)
        return;
    if (fseek(f, -(long)(sizeof text - 1), SEEK_END) != 0)
        rewind(f);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    fprintf(stderr, "---- the worker's log\n%s----\n", text);
}

int service_reap(struct service *s)
{
    int status;
    if (s->pid <= 0 || waitpid(s->pid, &status, WNOHANG) != s->pid)
        return -1;
    s->pid = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool service_has_died(struct service *s)
{
    int code = service_reap(s);
    if (code >= 0 && code != 128 + SIGKILL) {
        service_show_log(s);
        chaos_fail("the worker ended by itself: exit code %d", code);
    }
    return code >= 0;
}

void service_kill(struct service *s)
{
    if (s->pid > 0) {
        kill(s->pid, SIGKILL);
        waitpid(s->pid, NULL, 0);
    }
    s->pid = 0;
}

void service_stop(struct service *s)
{
    int status;
    service_wait_running(s);
    kill(s->pid, SIGTERM);
    for (int64_t until = loop_now_us() + WAIT_S * INT64_C(1000000); waitpid(s->pid, &status, WNOHANG) != s->pid; usleep(5000))
        if (loop_now_us() > until)
            chaos_fail("the worker does not end");
    s->pid = 0;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        service_show_log(s);
        chaos_fail("the worker did not end well");
    }
}

static bool look_at_log(struct service *s)
{
    char line[2048];
    bool running = false;
    FILE *f = fopen(s->log, "re");
    while (f && !running && fgets(line, sizeof line, f)) {
        const char *port = strstr(line, "worker_started") ? strstr(line, " port=") : NULL;
        if (port)
            s->port = atoi(port + 6);
        running = strstr(line, "worker_running") != NULL;
    }
    if (f)
        fclose(f);
    return running;
}

void service_wait_running(struct service *s)
{
    for (int64_t until = loop_now_us() + WAIT_S * INT64_C(1000000); !look_at_log(s); usleep(5000))
        if (service_has_died(s) || loop_now_us() > until) {
            service_show_log(s);
            chaos_fail("the worker does not run");
        }
}

int service_partitions(const struct service *s)
{
    static const char *const before[] = {" worker_started ", " partitions_given ", " partitions_taken "};
    char line[2048];
    int partitions = -1;
    FILE *f = fopen(s->log, "re");
    while (f && fgets(line, sizeof line, f)) {
        const char *at = strstr(line, " worker_running partitions=");
        if (at)
            partitions = atoi(strchr(at, '=') + 1);
        for (size_t i = 0; i < sizeof before / sizeof *before; i++)
            if (strstr(line, before[i]))
                partitions = -1;
    }
    if (f)
        fclose(f);
    return partitions;
}

/* ---- looks */

void service_metrics(struct service *s, struct buffer *out)
{
    static const char request[] = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)s->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char part[8192];
    ssize_t n;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0 || write(fd, request, sizeof request - 1) < 0)
        chaos_fail("/metrics does not answer");
    while ((n = read(fd, part, sizeof part)) > 0)
        buffer_put(out, part, (size_t)n);
    close(fd);
    buffer_put_u8(out, 0);
    if (!strstr((const char *)out->data, "process_start_time_seconds"))
        chaos_fail("/metrics is not complete");
}

double service_metric(const struct buffer *metrics, const char *sample)
{
    const size_t size = strlen(sample);
    for (const char *at = (const char *)metrics->data; (at = strstr(at, sample)); at++)
        if (at[-1] == '\n' && at[size] == ' ')
            return atof(at + size + 1);
    return 0;
}

struct service_size service_size(const struct service *s)
{
    struct service_size size = {0};
    char path[64], line[256];
    snprintf(path, sizeof path, "/proc/%d/status", (int)s->pid);
    FILE *f = fopen(path, "re");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, "RssAnon:", 8) == 0)
            size.anonymous_kib = atoll(line + 8);
    if (f)
        fclose(f);
    snprintf(path, sizeof path, "/proc/%d/fd", (int)s->pid);
    DIR *d = opendir(path);
    for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d))
        size.descriptors += e->d_name[0] != '.';
    if (d)
        closedir(d);
    return size;
}

static long number_after(const char *line, const char *key)
{
    const char *at = strstr(line, key);
    return at ? strtol(at + strlen(key), NULL, 10) : 0;
}

struct service_held service_held(const struct service *s)
{
    struct service_held held = {0};
    char line[1024];
    FILE *f = fopen(s->log, "re");
    while (f && fgets(line, sizeof line, f)) {
        if (!strstr(line, " slow_callback "))
            continue;
        long cpu = number_after(line, " cpu_ms="), blocked = number_after(line, " blocked_ms=");
        held.working += cpu * 1000 >= LOOP_SLOW_US;
        held.waiting += cpu * 1000 < LOOP_SLOW_US && (cpu + blocked) * 1000 >= LOOP_SLOW_US;
    }
    if (f)
        fclose(f);
    return held;
}

bool service_state(const struct service *s, const char *what, struct buffer *out)
{
    char command[512], part[8192];
    size_t n;
    snprintf(command, sizeof command, "'%s' state %s --state-dir '%s' -X history.periods=%d 2>/dev/null", s->program, what, s->state_dir,
             LEDGER_HISTORY);
    FILE *f = popen(command, "re");
    if (!f)
        chaos_fail("%s: cannot be started", command);
    while ((n = fread(part, 1, sizeof part, f)) > 0)
        buffer_put(out, part, n);
    buffer_put_u8(out, 0);
    return pclose(f) == 0;
}
