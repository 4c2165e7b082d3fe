/* broker_file.h: STATE_DIR/broker, in which `storecast broker` leaves its address for the commands that need one.
 * Thread: any. */
#ifndef STORECAST_APP_BROKER_FILE_H
#define STORECAST_APP_BROKER_FILE_H

#include <stddef.h>

#include "base/error.h"

#define BROKER_ADDRESS_BYTES 256

/* Makes state_dir when it is absent. Replaces the file whole. */
enum status broker_file_write(const char *state_dir, const char *address, struct error *err) MUST_CHECK;
/* STATUS_NOT_FOUND, with a sentence that says how to start a broker. */
enum status broker_file_read(const char *state_dir, char out[BROKER_ADDRESS_BYTES], struct error *err) MUST_CHECK;
/* Removes it if it still holds this address. */
void broker_file_remove(const char *state_dir, const char *address);

#endif
