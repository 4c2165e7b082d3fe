#include "engine/message.h"

const char *result_status_name(enum result_status status)
{
    static const char *const names[RESULT_STATUS_COUNT] = {
#define RESULT_NAME(name) [RESULT_##name] = #name,
        RESULT_STATUS_LIST(RESULT_NAME)
#undef RESULT_NAME
    };
    return names[status];
}

const char *measure_name(enum measure measure)
{
    return measure == MEASURE_AMOUNT ? "amount" : "quantity";
}

const char *alert_kind_name(enum alert_kind kind)
{
    static const char *const names[ALERT_KIND_COUNT] = {
#define ALERT_NAME(name) [ALERT_##name] = #name,
        ALERT_KIND_LIST(ALERT_NAME)
#undef ALERT_NAME
    };
    return names[kind];
}

struct dead_letter_row {
    const char *name, *text;
};
static const struct dead_letter_row dead_letters[DEAD_LETTER_COUNT] = {
#define DEAD_LETTER_ROW(name, text) [DEAD_LETTER_##name] = {#name, text},
    DEAD_LETTER_LIST(DEAD_LETTER_ROW)
#undef DEAD_LETTER_ROW
};

const char *dead_letter_name(enum dead_letter code)
{
    return dead_letters[code].name;
}

const char *dead_letter_text(enum dead_letter code)
{
    return dead_letters[code].text;
}
