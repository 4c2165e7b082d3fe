/* demo.h: broker, worker and a feed of sales in one process tree, and what came out of it. The parts of cmd_demo.c.
 * Thread: main. */
#ifndef STORECAST_APP_DEMO_H
#define STORECAST_APP_DEMO_H

#include "app/broker_file.h"
#include "app/child.h"
#include "app/client.h"
#include "app/command.h"
#include "app/feed.h"
#include "app/feed_file.h"
#include "app/panel.h"
#include "app/progress.h"
#include "app/scores.h"
#include "app/simulate_options.h"
#include "codec/codec.h"

/* ------------------------------------------------------------------------------------------ demo_source.c */

struct demo_source { /* where the sales come from: a file, or a simulation */
    const struct config *config;
    struct period_grid grid;
    period_t first;
    size_t periods;
    bool has_products;
    /* a file */
    const char *path; /* NULL: simulated */
    struct sales_table sales;
    struct feed_file file;
    struct panel panel;
    /* a simulation */
    struct simulate *simulate;
    struct simulate_options options;
    struct simulate_shift shifts[SIMULATE_SHIFTS_MAX];
};
enum status demo_source_open(struct demo_source *s, struct command_context *c, struct error *err) MUST_CHECK;
void demo_source_done(struct demo_source *s);
bool demo_source_next(struct demo_source *s, struct sales_update *out, enum status *out_status);
date_t demo_source_last_date(const struct demo_source *s);
/* How far: rows of the file, days of the simulation. */
uint64_t demo_source_progress(const struct demo_source *s, uint64_t sent, uint64_t *out_total);
/* What was sold, once everything was given out. */
enum status demo_source_actuals(const struct demo_source *s, struct scores *scores) MUST_CHECK;
/* Unread input a partition that the worker's output can follow without passing what the embedded broker keeps. */
uint64_t demo_source_window(const struct demo_source *s);

/* ------------------------------------------------------------------------------------------ demo_services.c */

#define DEMO_PATH_BYTES 1024
struct demo_services { /* the broker and the worker as children, and their folder */
    char folder[DEMO_PATH_BYTES], address[BROKER_ADDRESS_BYTES];
    bool is_temporary;
    int http_port;
    struct child broker, worker;
};
/* Makes the folder (NULL: a temporary one), starts the broker and waits for its address. Takes --partitions and the configuration. */
enum status demo_services_start_broker(struct demo_services *s, struct command_context *c, const char *folder,
                                       struct error *err) MUST_CHECK;
/* Starts the worker and waits until it is ready. */
enum status demo_services_start_worker(struct demo_services *s, struct command_context *c, const struct period_grid *grid,
                                       struct error *err) MUST_CHECK;
/* STATUS_UNAVAILABLE with its end and the last line of its log when a child has ended by itself. */
enum status demo_services_check(struct demo_services *s, struct error *err) MUST_CHECK;
/* Ends the worker, then the broker, and removes a temporary folder. */
void demo_services_stop(struct demo_services *s);
/* The worker's /metrics, NUL-terminated; STATUS_UNAVAILABLE when they cannot be read. */
enum status demo_services_metrics(const struct demo_services *s, struct buffer *out) MUST_CHECK;
/* The value of a metric without labels; 0 when there is none. */
double demo_metric(const struct buffer *metrics, const char *name);

/* ------------------------------------------------------------------------------------------ demo_reader.c */

struct demo_alert { /* a copy of what is shown */
    int32_t partition;
    int64_t number;
    bool firing;
    date_t period;
    char series[160], kind[24], causes[64], sentence[400];
};

#define DEMO_DEAD_CODES 16
struct demo_reader { /* what the output topics say */
    struct client *client;
    struct client_reader *reader;
    struct codec *codec;
    struct arena arena;
    struct scores *scores;
    const char *topics[3]; /* forecasts, alerts, dead letters */
    int32_t partitions;
    int64_t *next; /* [topic * partitions + partition]: the next offset to be read */
    int64_t *ends; /* by partition, of the topic being looked at */
    uint64_t forecasts, closes, dead_letters;
    struct demo_alert *alerts;
    size_t alert_count, alert_capacity;
    struct {
        char code[32];
        uint64_t count;
    } dead[DEMO_DEAD_CODES];
};
enum status demo_reader_open(struct demo_reader *r, struct client *client, const struct topics *topics, struct scores *scores,
                             struct error *err) MUST_CHECK;
void demo_reader_done(struct demo_reader *r);
/* Reads what is there, without waiting. STATUS_CORRUPT: records were dropped unread. */
enum status demo_reader_drain(struct demo_reader *r, struct error *err) MUST_CHECK;
/* True once everything is read that the topics hold now. */
enum status demo_reader_is_at_end(struct demo_reader *r, bool *out, struct error *err) MUST_CHECK;

/* ------------------------------------------------------------------------------------------ demo_report.c */

struct demo_outcome {
    const struct demo_source *source;
    const struct demo_reader *reader;
    const struct buffer *metrics;
    const struct scores_table *table;
    uint64_t sent;
    double seconds;
    int32_t partitions;
};
void demo_report(const struct demo_outcome *o, FILE *out);                    /* for people */
void demo_report_rows(const struct demo_outcome *o, FILE *out, bool is_json); /* the accuracy rows, protocol stream */

#endif
