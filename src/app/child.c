#include "app/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "app/command.h"

static void become(bool is_other, char *const *argv, int log, pid_t parent)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    setpgid(0, 0);
    const int null = open("/dev/null", O_RDONLY);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent || dup2(null, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0)
        _exit(EXIT_CODE_RESTART);
    if (is_other)
        execvp(argv[0], argv);
    else
        execv("/proc/self/exe", argv);
    _exit(EXIT_CODE_RESTART);
}

static enum status start(struct child *c, bool is_other, char *const *argv, const char *log_path, struct error *err)
{
    const int log = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log < 0)
        return error_set(err, STATUS_IO, "%s: %s", log_path, strerror(errno));
    const pid_t parent = getpid();
    const pid_t pid = fork();
    if (pid == 0)
        become(is_other, argv, log, parent);
    const int why = errno;
    close(log);
    if (pid < 0)
        return error_set(err, STATUS_IO, "starting %s: %s", argv[is_other ? 0 : 1], strerror(why));
    *c = (struct child){.pid = pid};
    return STATUS_OK;
}

enum status child_start(struct child *c, char *const *argv, const char *log_path, struct error *err)
{
    return start(c, false, argv, log_path, err);
}

enum status child_start_program(struct child *c, char *const *argv, const char *log_path, struct error *err)
{
    return start(c, true, argv, log_path, err);
}

bool child_is_running(struct child *c)
{
    if (c->pid <= 0 || c->ended)
        return false;
    const pid_t pid = waitpid(c->pid, &c->wait_status, WNOHANG);
    c->ended = pid == c->pid || (pid < 0 && errno == ECHILD);
    return !c->ended;
}

#define LOOK_EVERY_MS 10

static void wait_for_end(struct child *c, int patience_ms)
{
    const struct timespec moment = {.tv_nsec = LOOK_EVERY_MS * 1000000};
    for (int waited = 0; waited < patience_ms && child_is_running(c); waited += LOOK_EVERY_MS)
        nanosleep(&moment, NULL);
}

void child_stop(struct child *c, int patience_ms)
{
    if (!child_is_running(c))
        return;
    kill(c->pid, SIGTERM);
    wait_for_end(c, patience_ms);
    if (!child_is_running(c))
        return;
    kill(c->pid, SIGKILL);
    while (waitpid(c->pid, &c->wait_status, 0) < 0 && errno == EINTR) {
    }
    c->ended = true;
}

const char *child_end_text(const struct child *c, char *out, unsigned long size)
{
    if (WIFSIGNALED(c->wait_status))
        snprintf(out, size, "signal %d", WTERMSIG(c->wait_status));
    else
        snprintf(out, size, "exit code %d", WEXITSTATUS(c->wait_status));
    return out;
}
