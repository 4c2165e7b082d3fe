#include <unistd.h>

#include "app/command.h"
#include "codec/codec.h"

/* Inside avro-c, which cannot go on; nothing that needs memory may be called. */
static void end_without_memory(void)
{
    static const char sentence[] = "storecast: out of memory (start it again, with more)\n";
    (void)!write(STDERR_FILENO, sentence, sizeof sentence - 1);
    _exit(EXIT_CODE_RESTART);
}

int main(int argc, char **argv)
{
    codec_on_no_memory(end_without_memory);
    return command_main(argc, argv);
}
