#include "io/sales_signs.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* One sign at `at`, followed by three digits to the end and preceded by one to three that do not begin with 0. */
static bool is_grouping(struct text t, size_t at)
{
    size_t start = 0;
    while (start < at && !is_digit(t.data[start]))
        start++;
    if (t.size - at != 4 || at - start < 1 || at - start > 3 || t.data[start] == '0')
        return false;
    return is_digit(t.data[at + 1]) && is_digit(t.data[at + 2]) && is_digit(t.data[at + 3]);
}

enum sales_sign sales_signs_of(struct text t)
{
    size_t points = 0, commas = 0, last = 0;
    while (t.size > 0 && t.data[t.size - 1] == ' ')
        t.size--;
    for (size_t i = 0; i < t.size; i++) {
        points += t.data[i] == '.';
        commas += t.data[i] == ',';
        last = t.data[i] == '.' || t.data[i] == ',' ? i : last;
    }
    if (points + commas == 0)
        return SIGN_NONE;
    if (points > 0 && commas > 0)
        return t.data[last] == ',' ? SIGN_COMMA : SIGN_POINT;
    if (points + commas > 1) /* several of one kind stand between groups */
        return points > 0 ? SIGN_COMMA : SIGN_POINT;
    if (is_grouping(t, last))
        return SIGN_EITHER;
    return points > 0 ? SIGN_POINT : SIGN_COMMA;
}

void sales_signs_see(struct sales_signs *s, struct text number, uint64_t line)
{
    uint64_t *first = NULL;
    switch (sales_signs_of(number)) {
    case SIGN_NONE:
        return;
    case SIGN_POINT:
        first = &s->point_line;
        break;
    case SIGN_COMMA:
        first = &s->comma_line;
        break;
    case SIGN_EITHER:
        first = &s->either_line;
        break;
    }
    *first = *first == 0 ? line : *first;
}

bool sales_signs_decide(const struct sales_signs *s, char *out)
{
    const bool both = s->point_line != 0 && s->comma_line != 0, none = s->point_line == 0 && s->comma_line == 0;
    if ((both || none) && s->either_line != 0)
        return false;
    *out = both ? '\0' : s->comma_line != 0 ? ',' : '.';
    return true;
}
