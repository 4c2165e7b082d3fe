#include "app/simulate_options.h"

#include <stdlib.h>

static bool shift_parse(const char *text, struct simulate_shift *out)
{
    char *end;
    const unsigned long long store = strtoull(*text == 's' ? text + 1 : text, &end, 10);
    if (*end != ',' || store == 0)
        return false;
    out->store = (size_t)store - 1;
    out->period = strtoll(end + 1, &end, 10);
    if (*end != ',' || out->period < 0)
        return false;
    out->factor = strtod(end + 1, &end);
    return *end == '\0' && out->factor > 0;
}

static enum status shifts_read(struct command_context *c, struct simulate_options *out, struct simulate_shift *shifts, struct error *err)
{
    const size_t count = command_count(c, "--shift");
    if (count > SIMULATE_SHIFTS_MAX)
        return error_set(err, STATUS_BAD_USAGE, "--shift: at most %d of them", SIMULATE_SHIFTS_MAX);
    for (size_t i = 0; i < count; i++) {
        const char *text = command_text_at(c, "--shift", i);
        if (!shift_parse(text, &shifts[i]) || shifts[i].store >= out->stores)
            return error_set(err, STATUS_BAD_USAGE,
                             "--shift %s: not STORE,PERIOD,FACTOR (give a store from 1 to %zu, a period from 0 and a factor above 0, such as 3,110,0.7)",
                             text, out->stores);
    }
    out->shifts = shifts;
    out->shift_count = count;
    return STATUS_OK;
}

enum status simulate_options_read(struct command_context *c, struct simulate_options *out,
                                  struct simulate_shift shifts[SIMULATE_SHIFTS_MAX], struct error *err)
{
    struct engine_options engine;
    config_engine_options(&c->config, &engine);
    simulate_options_default(out);
    out->grid = engine.grid;
    out->seed = (uint64_t)command_integer(c, "--seed");
    out->stores = (size_t)command_integer(c, "--stores");
    out->products = (size_t)command_integer(c, "--products");
    out->tills = (size_t)command_integer(c, "--tills");
    out->periods = (int64_t)(command_number(c, "--years") * period_season(&out->grid) + .5);
    out->returns = command_number(c, "--returns");
    out->duplicates = command_number(c, "--duplicates");
    out->late = command_number(c, "--late");
    return shifts_read(c, out, shifts, err);
}
