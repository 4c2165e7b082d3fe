/* record.h: what the files of the records share. Thread: one codec per thread. */
#ifndef STORECAST_CODEC_RECORD_H
#define STORECAST_CODEC_RECORD_H

#include "codec/field.h"
#include "codec/trail.h"

/* Rules that concern more than one field, after all fields were read: STATUS_OK or what the decoder returns. */
typedef enum status (*record_rule)(const void *record, struct trail *t);

/* Decodes a value into *out (the table's struct, written only on success). rule may be NULL. As codec.h says. */
enum status record_decode(struct codec *c, enum codec_record record, struct bytes value, struct arena *arena, record_rule rule, void *out,
                          enum dead_letter *out_code, struct error *why) MUST_CHECK;

#endif
