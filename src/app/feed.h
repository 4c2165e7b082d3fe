/* feed.h: SalesUpdates into the input topic, never faster than the client's window lets pass.
 *
 * While the window or the client's queue is full the feed waits, and on_turn is called at least every few
 * milliseconds, so that whoever feeds can do other things in the same thread. Thread: the client's. */
#ifndef STORECAST_APP_FEED_H
#define STORECAST_APP_FEED_H

#include "app/client.h"
#include "app/topics.h"
#include "engine/message.h"

struct feed_options {
    struct client *client; /* borrowed */
    const char *topic;     /* the sales topic; borrowed */
    double rate;           /* records a second; 0 = as fast as they are taken */
    void *arg;
    /* Other work, or a reason to stop: what it returns other than STATUS_OK ends the feeding. NULL = none. */
    enum status (*on_turn)(void *arg, struct error *err);
};

struct feed {
    struct feed_options options;
    int32_t partitions;
    struct buffer value;
    uint64_t sent;
    int64_t started_us, turn_us;
};

/* STATUS_NOT_FOUND: there is no such topic. feed_done frees. */
enum status feed_init(struct feed *f, const struct feed_options *options, struct error *err) MUST_CHECK;
void feed_done(struct feed *f);

/* Sends one record to the partition of its store. */
enum status feed_send(struct feed *f, const struct sales_update *u, struct error *err) MUST_CHECK;
/* A Complete for all stores of every partition: periods that end up to this date may close. */
enum status feed_complete(struct feed *f, date_t date, struct error *err) MUST_CHECK;
/* Waits until everything that was sent is delivered and, with a window, committed by the worker. */
enum status feed_wait(struct feed *f, struct error *err) MUST_CHECK;

#endif
