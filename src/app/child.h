/* child.h: this program started again as a child, or another one, which never outlives us.
 *
 * A child has its own process group, so that Ctrl-C on the terminal reaches us alone and we end it in order; when we
 * are killed, the kernel kills it. Start children before any thread exists. Thread: main. */
#ifndef STORECAST_APP_CHILD_H
#define STORECAST_APP_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

struct child { /* zero = not started */
    pid_t pid;
    bool ended;
    int wait_status; /* as waitpid gives it, once ended */
};

/* Runs our own binary with these arguments (argv[0] first, NULL last); its output goes to the file log_path. */
enum status child_start(struct child *c, char *const *argv, const char *log_path, struct error *err) MUST_CHECK;
/* Another program, argv[0], which is looked for in PATH; exit code 70 when it is not there. */
enum status child_start_program(struct child *c, char *const *argv, const char *log_path, struct error *err) MUST_CHECK;
bool child_is_running(struct child *c);
/* SIGTERM, and SIGKILL when it has not ended after patience_ms. Nothing for a child that was not started. */
void child_stop(struct child *c, int patience_ms);
/* "exit code 70", "signal 9"; of an ended child. */
const char *child_end_text(const struct child *c, char *out, unsigned long size);

#endif
