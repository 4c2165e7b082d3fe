/* doctor.h: the looks that `storecast doctor` takes at a cluster. Each adds what it finds to d->findings, and fails only
 * when the cluster does not answer. They read and ask, write nothing and join no group. Thread: main. */
#ifndef STORECAST_APP_DOCTOR_H
#define STORECAST_APP_DOCTOR_H

#include "app/config.h"
#include "app/doctor_reader.h"
#include "app/finding.h"
#include "app/topics.h"
#include "io/kafka_admin.h"

struct doctor {
    const struct config *config;
    struct kafka_admin *admin;
    const char *servers;
    struct topics topics;
    struct kafka_topic_facts facts[TOPIC_COUNT];
    struct doctor_reader *committed, *raw; /* read_committed with the group's name, and read_uncommitted */
    int64_t now_ms, patience_ms;           /* what is as it should not be for less than this may still come right */
    int64_t sample;                        /* records looked at, of each partition */
    struct findings findings;
};

/* The last records of the inputs: in the partition of their key, of a schema that is known, of our time. */
enum status doctor_check_inputs(struct doctor *d, struct error *err) MUST_CHECK;
/* The workers' group: do they run, do they keep up, are its offsets of these topics? */
enum status doctor_check_group(struct doctor *d, struct error *err) MUST_CHECK;
/* Transactions that stay open and hide what came after. */
enum status doctor_check_transactions(struct doctor *d, struct error *err) MUST_CHECK;
/* What the workers have said: stores that are silent, records that were refused. */
enum status doctor_check_outputs(struct doctor *d, struct error *err) MUST_CHECK;

/* "3 h", "12 min", "40 s" */
#define DOCTOR_TIME_BYTES 24
const char *doctor_time(int64_t ms, char out[DOCTOR_TIME_BYTES]);

#endif
