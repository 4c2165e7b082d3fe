#include "app/model_list.h"

#include <stdio.h>
#include <string.h>

static enum status unknown(struct text name, bool allow_best, struct error *err)
{
    char known[400] = "all";
    for (enum member m = 0; m < MEMBER_COUNT; m++) {
        const size_t used = strlen(known);
        (void)snprintf(known + used, sizeof known - used, ", %s", member_table[m].name);
    }
    return error_set(err, STATUS_BAD_USAGE, "--models: there is no model '%.*s' (known: %s%s)", (int)name.size, name.data, known,
                     allow_best ? ", best" : "");
}

static void choose_all(struct model_list *list)
{
    for (enum member m = 0; m < MEMBER_COUNT; m++)
        list->chosen[m] = list->chosen[m] || member_in(member_all(), m);
}

uint32_t model_list_requested(const struct model_list *list, uint32_t excluded)
{
    uint32_t requested = ~excluded;
    for (uint32_t m = 0; m < MEMBER_COUNT; m++)
        requested |= (uint32_t)list->chosen[m] << m;
    return requested & member_on_request();
}

enum status model_list_parse(const char *text, bool allow_best, struct model_list *out, struct error *err)
{
    struct model_list list = {0};
    for (const char *at = text ? text : "all";; at++) {
        const struct text name = {at, strcspn(at, ",")};
        const enum member m = member_find(name);
        if (text_equal(name, text_of("all")))
            choose_all(&list);
        else if (allow_best && text_equal(name, text_of("best")))
            list.best = true;
        else if (m != MEMBER_COUNT)
            list.chosen[m] = true;
        else
            return unknown(name, allow_best, err);
        at += name.size;
        if (*at == '\0')
            break;
    }
    *out = list;
    return STATUS_OK;
}
