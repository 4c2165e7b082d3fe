/* Any bytes as a configuration file: taken or refused with a sentence of one line; what is taken prints, and the print is taken. */
#include <stdlib.h>
#include <string.h>

#include "app/config.h"

static const struct config_sources none;

static void must(bool fact)
{
    if (!fact)
        abort();
}

static bool is_one_line(const char *text)
{
    if (*text == '\0')
        return false;
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < ' ')
            return false;
    return true;
}

/* Values of every row read back give the same print; secrets are masked, but no row of ours is one. */
static void print_and_read_back(const struct config *c)
{
    struct buffer first = {0}, second = {0};
    struct config again;
    struct error err = {0};
    config_print(c, CONFIG_VALUES, &first);
    must(config_load(&none, &again, &err) == STATUS_OK && !first.failed);
    if (c->kafka_count == 0) { /* some of kafka's are masked */
        must(config_read(&again, buffer_bytes(&first), "print", &err) == STATUS_OK);
        config_print(&again, CONFIG_VALUES, &second);
        must(first.size == second.size && memcmp(first.data, second.data, first.size) == 0);
    }
    config_done(&again);
    buffer_done(&first);
    buffer_done(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config c;
    struct error err = {0};
    must(config_load(&none, &c, &err) == STATUS_OK);
    const enum status status = config_read(&c, (struct bytes){data, size}, "fuzz", &err);
    if (status == STATUS_OK) {
        uint32_t members;
        print_and_read_back(&c);
        must(config_members(c.ensemble_members, &members, &err) == STATUS_OK || is_one_line(err.text));
    } else {
        must(status == STATUS_BAD_CONFIG && is_one_line(err.text));
    }
    config_done(&c);
    return 0;
}
