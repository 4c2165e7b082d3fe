/* panel_pools.c: a panel cut into pools. */
#include <stdlib.h>

#include "app/panel.h"
#include "base/hash.h"

static int32_t partition_of(const struct panel *p, size_t s, int32_t partitions)
{
    return hash_partition(p->store[s].data, p->store[s].size, partitions);
}

static enum status fill_pool(const struct panel *p, const int32_t *partition, int32_t wanted, struct backtest_pool *pool)
{
    size_t series = 0;
    for (size_t s = 0; s < p->series; s++)
        series += partition[s] == wanted;
    double *value = malloc((p->periods * series + 1) * sizeof *value);
    size_t *label = malloc((series + 1) * sizeof *label), column = 0;
    *pool = (struct backtest_pool){series, value, label};
    if (!value || !label)
        return STATUS_NO_MEMORY;
    for (size_t s = 0; s < p->series; s++) {
        if (partition[s] != wanted)
            continue;
        label[column] = s;
        for (size_t t = 0; t < p->periods; t++)
            value[t * series + column] = p->value[t * p->series + s];
        column++;
    }
    return STATUS_OK;
}

enum status panel_partition(const struct panel *p, int32_t partitions, struct panel_pools *out)
{
    int32_t *partition = malloc((p->series + 1) * sizeof *partition);
    bool *used = calloc((size_t)partitions, sizeof *used);
    *out = (struct panel_pools){.pools = calloc((size_t)partitions, sizeof *out->pools)};
    enum status status = partition && used && out->pools ? STATUS_OK : STATUS_NO_MEMORY;
    for (size_t s = 0; !status && s < p->series; s++) {
        partition[s] = partition_of(p, s, partitions);
        used[partition[s]] = true;
    }
    for (int32_t k = 0; !status && k < partitions; k++)
        if (used[k])
            status = fill_pool(p, partition, k, &out->pools[out->count++]);
    free(partition);
    free(used);
    if (status)
        panel_pools_done(out);
    return status;
}

void panel_pools_done(struct panel_pools *p)
{
    for (size_t i = 0; i < p->count; i++) {
        free((void *)p->pools[i].value);
        free((void *)p->pools[i].label);
    }
    free(p->pools);
    *p = (struct panel_pools){0};
}
