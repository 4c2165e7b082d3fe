/* status.h: what can go wrong, once, with what the worker does about it.
 *
 * Every fallible function returns enum status and is MUST_CHECK. Numerical code returns a bare status;
 * at the edges (config, codec, io, app) a struct error carries the sentence (error.h).
 * Thread: any. */
#ifndef STORECAST_BASE_STATUS_H
#define STORECAST_BASE_STATUS_H

#define MUST_CHECK __attribute__((warn_unused_result))

/* RETRY: pause, back off, try again. REJECT: dead letter, go on. FALLBACK: next simpler model.
 * STOP: drain and exit non-zero. */
enum status_class { CLASS_NONE, CLASS_RETRY, CLASS_REJECT, CLASS_FALLBACK, CLASS_STOP };

#define STATUS_LIST(X)                                                                                                                     \
    X(NO_MEMORY, RETRY, "out of memory")                                                                                                   \
    X(UNAVAILABLE, RETRY, "a service we need did not answer")                                                                              \
    X(BUSY, RETRY, "too much is waiting already")                                                                                          \
    X(CANCELLED, RETRY, "it was stopped before its end")                                                                                   \
    X(BAD_MESSAGE, REJECT, "the message is malformed")                                                                                     \
    X(UNKNOWN_SCHEMA, REJECT, "the schema of the message is not known")                                                                    \
    X(BAD_TEXT, REJECT, "a text is not valid UTF-8, too long or empty")                                                                    \
    X(TOO_LARGE, REJECT, "the message is larger than what is read")                                                                        \
    X(OUT_OF_RANGE, REJECT, "a number is outside its range")                                                                               \
    X(NOT_FOUND, REJECT, "there is no such thing")                                                                                         \
    X(TOO_SHORT, FALLBACK, "not enough history for this model")                                                                            \
    X(NOT_POSITIVE, FALLBACK, "the series is not positive throughout")                                                                     \
    X(SINGULAR, FALLBACK, "the equations have no unique solution")                                                                         \
    X(NO_CONVERGE, FALLBACK, "the fit did not converge")                                                                                   \
    X(BAD_DATA, STOP, "the input data are not usable")                                                                                     \
    X(BAD_USAGE, STOP, "the command line is not usable")                                                                                   \
    X(BAD_CONFIG, STOP, "the configuration is not usable")                                                                                 \
    X(IN_USE, STOP, "another process uses this state")                                                                                     \
    X(IO, STOP, "reading or writing failed")                                                                                               \
    X(FENCED, STOP, "another worker has taken over")                                                                                       \
    X(CORRUPT, STOP, "stored state is damaged")                                                                                            \
    X(NEWER, STOP, "stored state was written by a newer version")

enum status {
    STATUS_OK = 0,
#define STATUS_ENUM(name, class_, text) STATUS_##name,
    STATUS_LIST(STATUS_ENUM)
#undef STATUS_ENUM
        STATUS_COUNT
};

const char *status_name(enum status status); /* "TOO_SHORT" */
const char *status_text(enum status status);
enum status_class status_class(enum status status);

#endif
