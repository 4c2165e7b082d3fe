#include "base/status.h"

#include <stddef.h>

struct status_row {
    const char *name, *text;
    enum status_class class_;
};

static const struct status_row rows[STATUS_COUNT] = {
    [STATUS_OK] = {"OK", "success", CLASS_NONE},
#define STATUS_ROW(name, class_, text) [STATUS_##name] = {#name, text, CLASS_##class_},
    STATUS_LIST(STATUS_ROW)
#undef STATUS_ROW
};

const char *status_name(enum status status)
{
    return rows[status].name;
}

const char *status_text(enum status status)
{
    return rows[status].text;
}

enum status_class status_class(enum status status)
{
    return rows[status].class_;
}
