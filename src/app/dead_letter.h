/* dead_letter.h: what is published of a record that was refused: its key, value and headers as they came, and
 * headers storecast.error.* that say why, whence and when (all UTF-8 text).
 *
 * Of a value above DEAD_LETTER_VALUE_MAX bytes the first so many are kept; its size and SHA-256 are then in the headers
 * storecast.error.value_bytes and storecast.error.value_sha256. Thread: any. */
#ifndef STORECAST_APP_DEAD_LETTER_H
#define STORECAST_APP_DEAD_LETTER_H

#include "engine/message.h"
#include "io/consumer.h"
#include "io/producer.h"

#define DEAD_LETTER_VALUE_MAX   (64 * 1024)
#define DEAD_LETTER_HEADERS_MAX 96 /* of the original's, so many less our own are kept */

struct dead_letter_source {
    enum dead_letter code;
    struct text sentence;
    const char *topic, *group; /* where it was read, and by whom */
};

/* Fills out, whose parts live in the arena or are borrowed from the record. STATUS_NO_MEMORY. */
enum status dead_letter_message(const struct consumer_record *record, const struct dead_letter_source *source, struct arena *arena,
                                struct producer_message *out) MUST_CHECK;

#endif
