#include "app/health.h"

#include <stddef.h>

const char *health_sickness(const struct health *h)
{
    if (h->now_us - h->polled_us > HEALTH_POLL_US)
        return "the consumer has not been polled for 10 s";
    if (h->is_writing && h->now_us - h->stage_us > HEALTH_STAGE_US)
        return "a batch has been in one stage for 120 s";
    if (h->is_connected && h->is_running && h->has_work && h->now_us - h->progress_us > HEALTH_PROGRESS_US)
        return "records are waiting, but none was handled for 60 s";
    return NULL;
}
