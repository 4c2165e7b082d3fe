/* model_list.h: --models a,b,c as a set of members. Thread: any. */
#ifndef STORECAST_APP_MODEL_LIST_H
#define STORECAST_APP_MODEL_LIST_H

#include <stdbool.h>

#include "base/error.h"
#include "forecast/member.h"

struct model_list {
    bool chosen[MEMBER_COUNT];
    bool best; /* the one with the least recent error */
};

/* text NULL or "all": every member that is not on request. `best` is refused unless it is allowed. STATUS_BAD_USAGE names what is unknown and what is there. */
enum status model_list_parse(const char *text, bool allow_best, struct model_list *out, struct error *err) MUST_CHECK;

/* Members on request that have to be fitted: the chosen ones and those that may enter the ensemble. */
uint32_t model_list_requested(const struct model_list *list, uint32_t excluded);

#endif
