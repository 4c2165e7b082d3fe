/* schedule.h: how long threads of this process could have run, but the machine ran something else (Linux's schedstat).
 * 0 where the kernel does not tell. */
#ifndef STORECAST_IO_SCHEDULE_H
#define STORECAST_IO_SCHEDULE_H

#include <stdint.h>

/* The calling thread's file; -1 when there is none. Caller closes. */
int schedule_open(void);
/* Microseconds since the thread began. Thread: the one that opened it. */
int64_t schedule_queued_us(int fd);
/* Of all other threads that live now, in sum. Reads a file each: some hundred microseconds. Thread: any. */
int64_t schedule_others_queued_us(void);

#endif
