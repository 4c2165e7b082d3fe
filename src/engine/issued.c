#include "engine/issued.h"

#include <stdlib.h>

#include "base/maths.h"

static size_t ring_place(period_t p, size_t n)
{
    int64_t r = p % (int64_t)n;
    return (size_t)(r < 0 ? r + (int64_t)n : r);
}

enum status issued_rings_ready(struct series *s)
{
    if (s->rings)
        return STATUS_OK;
    s->rings = calloc(1, sizeof *s->rings);
    if (!s->rings)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < ERRORS_ORIGINS; i++)
        s->rings->ensemble[i].origin = PERIOD_NONE;
    for (size_t i = 0; i < MEMBER_ORIGINS; i++)
        s->rings->members[i].origin = PERIOD_NONE;
    return STATUS_OK;
}

struct issued_members *issued_members_new(size_t count)
{
    struct issued_members *issued = calloc(1, sizeof *issued + count * sizeof issued->item[0]);
    if (issued)
        issued->count = count;
    return issued;
}

struct issued_slot *issued_find(const struct series *s, period_t origin)
{
    if (!s->rings)
        return NULL;
    struct issued_slot *slot = &s->rings->ensemble[ring_place(origin, ERRORS_ORIGINS)];
    return slot->origin == origin ? slot : NULL;
}

struct member_slot *issued_members_find(const struct series *s, period_t origin)
{
    if (!s->rings)
        return NULL;
    struct member_slot *slot = &s->rings->members[ring_place(origin, MEMBER_ORIGINS)];
    return slot->origin == origin && slot->issued ? slot : NULL;
}

static double member_value(const struct member_slot *slot, enum member member, size_t step_index)
{
    for (size_t i = 0; slot && i < slot->issued->count; i++)
        if (slot->issued->item[i].member == member)
            return slot->issued->item[i].value[step_index];
    return maths_missing();
}

double issued_value(const struct series *s, period_t origin, enum member member, size_t step_index)
{
    if (member != MEMBER_ENSEMBLE)
        return member_value(issued_members_find(s, origin), member, step_index);
    const struct issued_slot *slot = issued_find(s, origin);
    return slot ? slot->value[step_index] : maths_missing();
}

static double stored_step(const double *values, enum member m, size_t horizon, size_t k)
{
    return errors_step[k] <= horizon ? values[(size_t)m * horizon + errors_step[k] - 1] : maths_missing();
}

static struct issued_members *members_of(const double *values, size_t horizon)
{
    struct issued_members *issued = issued_members_new(MEMBER_COUNT - 1);
    if (!issued)
        return NULL;
    issued->count = 0;
    for (int m = MEMBER_ENSEMBLE + 1; m < MEMBER_COUNT; m++) {
        struct issued_member *item = &issued->item[issued->count];
        bool any = false;
        item->member = (uint16_t)m;
        for (size_t k = 0; k < ERRORS_STEPS; k++) {
            item->value[k] = stored_step(values, (enum member)m, horizon, k);
            any = any || maths_finite(item->value[k]);
        }
        issued->count += any;
    }
    struct issued_members *fitted = realloc(issued, sizeof *issued + issued->count * sizeof issued->item[0]);
    return fitted ? fitted : issued;
}

/* Keeps what the close issued for a series: the newest slot of its rings. */
enum status issued_keep(struct engine *e, struct series *s, period_t origin, bool level, bool counted, const double *values,
                               size_t horizon)
{
    if (issued_rings_ready(s) != STATUS_OK)
        return STATUS_NO_MEMORY;
    size_t at = ring_place(origin, ERRORS_ORIGINS), member_at = ring_place(origin, MEMBER_ORIGINS);
    struct issued_slot *slot = &s->rings->ensemble[at];
    struct member_slot *members = &s->rings->members[member_at];
    struct issued_members *issued = members_of(values, horizon); /* before the slot is touched: a rollback frees what it holds */
    if (!issued)
        return STATUS_NO_MEMORY;
    bool replaced_in_batch = members->mark.stamp == e->journal.stamp;
    enum status status = journal_touch(&e->journal, JOURNAL_ISSUED, s->index, (period_t)at, slot, sizeof *slot);
    if (status == STATUS_OK)
        status = journal_touch(&e->journal, JOURNAL_MEMBERS, s->index, (period_t)member_at, members, sizeof *members);
    if (status != STATUS_OK) {
        free(issued);
        return status;
    }
    if (replaced_in_batch)
        free(members->issued);
    members->origin = slot->origin = origin;
    members->issued = issued;
    slot->level = level;
    slot->counted = counted;
    for (size_t k = 0; k < ERRORS_STEPS; k++)
        slot->value[k] = stored_step(values, MEMBER_ENSEMBLE, horizon, k);
    return STATUS_OK;
}
