#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/command.h"
#include "app/crash.h"
#include "app/worker.h"
#include "base/hash.h"

/* ---- refusals */

static void out_of_memory(struct worker *w)
{
    worker_fail(w, EXIT_CODE_RESTART, "out_of_memory", "a record could not be applied");
}

static void refuse_sale(struct worker *w, struct lane *lane, const struct consumer_record *r, enum dead_letter code, const char *sentence)
{
    if (engine_refuse(lane->engine, r->offset, code, text_of(sentence), &lane->effects))
        out_of_memory(w);
}

static void refuse_request(struct worker *w, struct lane *lane, const struct consumer_record *r, enum dead_letter code,
                           const char *sentence)
{
    struct refused_request *refused = calloc(1, sizeof *refused);
    if (!refused) {
        out_of_memory(w);
        return;
    }
    refused->offset = r->offset;
    refused->code = code;
    snprintf(refused->sentence, sizeof refused->sentence, "%s", sentence);
    *lane->refused_end = refused;
    lane->refused_end = &refused->next;
}

/* What can be said against a value before it is decoded. */
static bool is_oversized(const struct worker *w, const struct consumer_record *r, char *sentence, size_t size)
{
    if (r->value.size <= (size_t)w->config->message_max_bytes)
        return false;
    snprintf(sentence, size, "the message has %zu bytes, message.max.bytes is %" PRId64, r->value.size, w->config->message_max_bytes);
    return true;
}

static bool is_all_stores_key(struct bytes key)
{
    return key.size == ALL_STORES_KEY_BYTES && memcmp(key.data, ALL_STORES_KEY, ALL_STORES_KEY_BYTES) == 0;
}

static bool key_matches(struct bytes key, struct text store)
{
    if (!store.data)
        return is_all_stores_key(key);
    return key.data && key.size == store.size && memcmp(key.data, store.data, store.size) == 0;
}

/* Two owners of one series would corrupt everything, so a record must be where its key belongs. */
static bool is_misplaced(const struct worker *w, const struct lane *lane, const struct consumer_record *r, char *sentence, size_t size)
{
    if (w->config->input_partitioner == PARTITIONER_ANY || is_all_stores_key(r->key))
        return false;
    int32_t right = hash_partition(r->key.data, r->key.size, w->partition_count);
    if (right == lane->id)
        return false;
    snprintf(sentence, size, "the record is in partition %d, its key belongs to partition %d by murmur2 (partitioner=murmur2_random)",
             (int)lane->id, (int)right);
    return true;
}

/* ---- sales */

void batch_apply_sales(struct worker *w, struct lane *lane, const struct consumer_record *r)
{
    char sentence[256];
    if (r->offset == lane->poison[INPUT_SALES]) {
        refuse_sale(w, lane, r, DEAD_LETTER_TOO_LARGE, "what follows from this record is larger than the broker takes");
        return;
    }
    if (is_oversized(w, r, sentence, sizeof sentence)) {
        refuse_sale(w, lane, r, DEAD_LETTER_TOO_LARGE, sentence);
        return;
    }
    struct sales_update update;
    enum dead_letter code = DEAD_LETTER_MALFORMED;
    struct error why = {0};
    arena_clear(&w->arena);
    enum status status = codec_decode_sales_update(w->codec, r->value, &w->arena, &update, &code, &why);
    if (status == STATUS_NO_MEMORY) {
        out_of_memory(w);
    } else if (status) {
        refuse_sale(w, lane, r, code, why.text);
    } else if (!key_matches(r->key, update.store)) {
        refuse_sale(w, lane, r, DEAD_LETTER_KEY_MISMATCH,
                    update.store.data ? "the record's key is not the store id of its body"
                                      : "a record for all stores must have the key \\0all");
    } else if (is_misplaced(w, lane, r, sentence, sizeof sentence)) {
        refuse_sale(w, lane, r, DEAD_LETTER_WRONG_PARTITION, sentence);
    } else {
        const struct record record = {&update, r->offset, r->timestamp_ms};
        if (engine_apply(lane->engine, &record, &lane->effects))
            out_of_memory(w);
    }
}

/* ---- requests
 *
 * Requests get at most half of a batch's output, so that sales go on whatever is asked. Too many are answered BUSY: those beyond
 * requests.per.batch in one batch, and, when the half is used up, those with as many waiting behind them. Stores that ask little
 * are answered all the same: who floods us must not silence the others of his partition. */

static uint32_t *asked_by(struct lane *lane, const struct consumer_record *r)
{
    return &lane->asked[hash_sip(r->key.data, r->key.size) % LANE_ASKERS];
}

/* Few, and not most of what was asked in this batch. */
static bool asks_little(const struct worker *w, struct lane *lane, const struct consumer_record *r)
{
    size_t share = (size_t)w->config->requests_per_batch / LANE_ASKERS, asked = *asked_by(lane, r);
    return asked < (share > 1 ? share : 1) && 8 * asked <= lane->asked_in_all;
}

static bool is_reply_room_used(const struct worker *w, const struct lane *lane)
{
    return lane->reply_bytes >= (size_t)w->config->batch_max_output_bytes / 2;
}

/* waiting: requests behind r. */
static bool is_too_much(const struct worker *w, struct lane *lane, const struct consumer_record *r, size_t waiting)
{
    size_t limit = (size_t)w->config->requests_per_batch;
    bool crowded = lane->answered >= limit || (is_reply_room_used(w, lane) && waiting >= limit);
    return crowded && !asks_little(w, lane, r);
}

/* Whether the next request is for this batch; BUSY always is. */
static bool may_answer(const struct worker *w, struct lane *lane)
{
    const struct record_queue *q = &lane->waiting[INPUT_REQUESTS];
    return q->first && (!is_reply_room_used(w, lane) || is_too_much(w, lane, q->first, q->count - 1));
}

/* The reply to one request too many: the caller may ask again. */
static enum status answer_busy(struct lane *lane, const struct forecast_request *request)
{
    struct arena *arena = &lane->effects.arena;
    struct forecast_result *result = arena_alloc(arena, sizeof *result);
    struct effect *effect = effects_add(&lane->effects, EFFECT_REPLY);
    if (!result || !effect)
        return STATUS_NO_MEMORY;
    *result = (struct forecast_result){
        .request_id = arena_text(arena, request->request_id),
        .store = arena_text(arena, request->store),
        .product = arena_text(arena, request->product),
        .category = arena_text(arena, request->category),
        .level = request->level,
        .sales_offset = engine_offset(lane->engine),
        .partition = lane->id,
        .status = RESULT_BUSY,
        .sentence = text_of("too many requests at once (ask again in a second, or raise requests.per.batch)"),
    };
    effect->forecast = result;
    lane->effects.counters.replies++;
    lane->effects.output_bytes += 200;
    return STATUS_OK;
}

static enum status answer(struct worker *w, struct lane *lane, const struct consumer_record *r, const struct forecast_request *request)
{
    bool busy = is_too_much(w, lane, r, lane->waiting[INPUT_REQUESTS].count);
    ++*asked_by(lane, r);
    lane->asked_in_all++;
    if (busy)
        return answer_busy(lane, request);
    size_t before = lane->effects.output_bytes;
    enum status status = engine_answer(lane->engine, request, &lane->effects);
    lane->answered++;
    lane->reply_bytes += lane->effects.output_bytes - before;
    return status;
}

void batch_apply_request(struct worker *w, struct lane *lane, const struct consumer_record *r)
{
    char sentence[256];
    if (r->offset == lane->poison[INPUT_REQUESTS]) {
        refuse_request(w, lane, r, DEAD_LETTER_TOO_LARGE, "the reply is larger than the broker takes");
        return;
    }
    if (is_oversized(w, r, sentence, sizeof sentence)) {
        refuse_request(w, lane, r, DEAD_LETTER_TOO_LARGE, sentence);
        return;
    }
    struct forecast_request request;
    enum dead_letter code = DEAD_LETTER_MALFORMED;
    struct error why = {0};
    arena_clear(&w->arena);
    enum status status = codec_decode_forecast_request(w->codec, r->value, &w->arena, &request, &code, &why);
    if (!status && !key_matches(r->key, request.store)) {
        refuse_request(w, lane, r, DEAD_LETTER_KEY_MISMATCH, "the record's key is not the store id of its body");
    } else if (!status && is_misplaced(w, lane, r, sentence, sizeof sentence)) {
        refuse_request(w, lane, r, DEAD_LETTER_WRONG_PARTITION, sentence);
    } else if (!status) {
        int64_t began = loop_now_us();
        status = answer(w, lane, r, &request);
        metrics_observe(w->metrics, METRIC_PREDICTION_LATENCY, (double)(loop_now_us() - began) / 1e6);
    } else if (status != STATUS_NO_MEMORY) {
        refuse_request(w, lane, r, code, why.text);
        status = STATUS_OK;
    }
    if (status)
        out_of_memory(w);
}

/* ---- taking records */

static void take(struct worker *w, struct lane *lane, enum lane_input input)
{
    struct consumer_record *r = queue_pop(&lane->waiting[input]);
    assert(r && w->waiting_records > 0);
    w->waiting_records--;
    int64_t known = input == INPUT_SALES ? engine_offset(lane->engine) : engine_requests_offset(lane->engine);
    if (r->offset <= known) { /* after a crash between the state and the input offsets */
        consumer_record_free(r);
        return;
    }
    int64_t now = loop_now_us();
    if (lane->first_us == 0)
        lane->first_us = now;
    if (w->batch.first_us == 0)
        w->batch.first_us = now;
    w->progress_us = now;
    w->batch.collected++;
    lane->last_input = input;
    if (input == INPUT_SALES) {
        batch_apply_sales(w, lane, r);
    } else {
        batch_apply_request(w, lane, r);
        if (engine_set_requests_offset(lane->engine, r->offset))
            out_of_memory(w);
    }
    queue_push(&lane->taken[input], r);
}

/* ---- closes */

static void close_work(struct pool_job *job)
{
    struct lane *lane = (struct lane *)(void *)job;
    const struct config *config = lane->worker->config;
    int64_t began = loop_now_us();
    bool done;
    do {
        crash_here(CRASH_IN_CLOSE);
        lane->job_status = engine_continue(lane->engine, (size_t)config->close_chunk_series, &lane->effects, &done);
    } while (!lane->job_status && engine_close_due(lane->engine) && lane->effects.output_bytes < (size_t)config->batch_max_output_bytes);
    lane->job_us = loop_now_us() - began;
}

static void close_after(struct pool_job *job)
{
    struct lane *lane = (struct lane *)(void *)job;
    struct worker *w = lane->worker;
    assert(lane->stage == LANE_LENT);
    lane->stage = LANE_OPEN;
    metrics_observe(w->metrics, METRIC_CLOSE_DURATION, (double)lane->job_us / 1e6);
    if (lane->job_status)
        out_of_memory(w);
    loop_wake_kick(w->step);
}

static void lend(struct worker *w, struct lane *lane)
{
    lane->stage = LANE_LENT;
    lane->job.work = close_work;
    lane->job.after = close_after;
    pool_submit(w->compute, &lane->job);
}

/* ---- one turn */

static size_t record_limit(const struct worker *w)
{
    return w->batch.single_left > 0 ? 1 : (size_t)w->config->batch_max_records;
}

/* Returns whether the lane could go on at once. */
static bool advance(struct worker *w, struct lane *lane)
{
    if (lane->stage != LANE_OPEN)
        return false;
    if (lane->effects.output_bytes >= (size_t)w->config->batch_max_output_bytes) {
        lane->stage = LANE_FULL;
        w->batch.is_cut = true;
        return false;
    }
    if (engine_close_due(lane->engine)) {
        lend(w, lane);
        return false;
    }
    if (w->batch.collected >= record_limit(w)) {
        w->batch.is_cut = true;
        return false;
    }
    bool has_sale = lane->waiting[INPUT_SALES].count > 0, has_request = may_answer(w, lane);
    if (!has_sale && !has_request) {
        if (lane->waiting[INPUT_REQUESTS].count > 0)
            w->batch.is_cut = true;
        return false;
    }
    /* In turns, when there are both. */
    take(w, lane, has_request && (!has_sale || lane->last_input == INPUT_SALES) ? INPUT_REQUESTS : INPUT_SALES);
    return true;
}

/* Up to 32 records. False when time is up. */
static bool advance_some(struct worker *w, struct lane *lane, int64_t until_us, bool *more)
{
    for (int n = 0; n < 32 && advance(w, lane); n++) {
        *more = true;
        if (loop_now_us() >= until_us)
            return false;
    }
    return true;
}

bool batch_apply(struct worker *w, int64_t until_us)
{
    bool more = true;
    while (more && w->phase == WORKER_RUNNING) {
        more = false;
        for (int32_t i = 0; i < w->partition_count; i++) {
            struct lane *lane = w->lanes[w->batch.next_lane];
            w->batch.next_lane = (w->batch.next_lane + 1) % w->partition_count;
            if (lane && !advance_some(w, lane, until_us, &more))
                return true;
        }
    }
    return false;
}
