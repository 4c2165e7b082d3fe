/* shared.h: where tests find files. Thread: one. */
#ifndef STORECAST_TESTS_SUPPORT_SHARED_H
#define STORECAST_TESTS_SUPPORT_SHARED_H

/* A file of the project's shared data: $STORECAST_SHARED/relative, or shared/relative beside the checkout.
 * NULL when it is absent. The text is valid until the fourth call after it. */
const char *shared_path(const char *relative);

/* As shared_path, but a missing file skips the running cmocka test and says so. */
const char *shared_path_or_skip(const char *relative);

/* A file of this checkout, for example "tests/golden/airline.csv". Never NULL. Valid as above. */
const char *source_path(const char *relative);

#endif
