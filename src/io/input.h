/* input.h: the bytes of a file, a pipe or memory, in chunks, as often as wanted.
 *
 * What can be read only once (standard input, a pipe, a process substitution) is copied into a temporary file first, at most
 * INPUT_SPOOL_BYTES_MAX. Messages begin with the input's name. Thread: any, one at a time. */
#ifndef STORECAST_IO_INPUT_H
#define STORECAST_IO_INPUT_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"

#define INPUT_SPOOL_BYTES_MAX (UINT64_C(4) << 30)

struct input;
/* path "-" is standard input. A folder is STATUS_BAD_DATA, as is a pipe that nobody writes into for five seconds; STATUS_IO
 * with the reason when it cannot be opened. Caller frees. */
enum status input_open(const char *path, struct input **out, struct error *err) MUST_CHECK;
/* data must outlive it; name stands for the file in messages. */
enum status input_open_bytes(struct bytes data, const char *name, struct input **out, struct error *err) MUST_CHECK;
void input_free(struct input *in);

/* The next bytes, borrowed until the next call; size 0 at the end. */
enum status input_next(struct input *in, struct bytes *out, struct error *err) MUST_CHECK;
enum status input_rewind(struct input *in, struct error *err) MUST_CHECK;
const char *input_name(const struct input *in);

#endif
