#include "app/finding.h"

#include <stdarg.h>
#include <stdlib.h>

void findings_done(struct findings *f)
{
    free(f->items);
    arena_done(&f->arena);
    *f = (struct findings){0};
}

struct finding *findings_add(struct findings *f, enum finding_weight weight)
{
    static struct finding spare;
    struct finding *items = realloc(f->items, (f->count + 1) * sizeof *items);
    if (!items) {
        f->failed = true;
        return &spare;
    }
    f->items = items;
    items[f->count] = (struct finding){.weight = weight, .what = "", .why = "", .run = ""};
    f->wrong += weight == FINDING_WRONG;
    return &items[f->count++];
}

const char *finding_text(struct findings *f, const char *format, ...)
{
    char text[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    const struct text copy = arena_text(&f->arena, text_of(text));
    f->failed |= !copy.data;
    return copy.data ? copy.data : "";
}

void findings_print(const struct findings *f, FILE *out)
{
    static const char *const words[] = {"note", "wrong"};
    for (int weight = FINDING_WRONG; weight >= FINDING_NOTE; weight--)
        for (size_t i = 0; i < f->count; i++)
            if ((int)f->items[i].weight == weight)
                fprintf(out, "%s: %s: %s (run: %s)\n", words[weight], f->items[i].what, f->items[i].why, f->items[i].run);
}
