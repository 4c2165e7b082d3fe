/* versions.h: which libraries io/ runs with, for --version. Thread: any. */
#ifndef STORECAST_IO_VERSIONS_H
#define STORECAST_IO_VERSIONS_H

/* "librdkafka 2.0.2" and so on; NULL past the last. */
const char *versions_at(int index);
/* What this librdkafka is known not to do; NULL past the last. */
const char *versions_warning(int index);
/* "2.0.2", of the librdkafka that is loaded. */
const char *versions_librdkafka(void);

#endif
