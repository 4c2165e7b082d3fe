/* cmd_broker.c: the embedded broker as a process of its own, so that a worker may come and go. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/random.h>

#include "app/broker_file.h"
#include "app/command.h"
#include "app/config.h"
#include "app/topics.h"
#include "io/loop.h"
#include "io/mock_broker.h"

static enum status start(struct command_context *c, struct mock_broker **out)
{
    struct topics names;
    enum status status = topics_init(&names, c->config.topics_prefix, &c->err);
    if (status)
        return status;
    uint64_t incarnation;
    if (getrandom(&incarnation, sizeof incarnation, 0) != (ssize_t)sizeof incarnation)
        return error_set(&c->err, STATUS_IO, "broker: the operating system gives no random numbers");
    char mark[TOPIC_NAME_BYTES + 48];
    snprintf(mark, sizeof mark, "%s%s%016" PRIx64, c->config.topics_prefix, TOPIC_INCARNATION_INFIX, incarnation);
    struct mock_topic topics[TOPIC_COUNT + 1];
    for (int i = 0; i < TOPIC_COUNT; i++)
        topics[i] = (struct mock_topic){topics_name(&names, (enum topic)i), (int32_t)command_integer(c, "--partitions")};
    topics[TOPIC_COUNT] = (struct mock_topic){mark, 1};
    return mock_broker_new(topics, TOPIC_COUNT + 1, out, &c->err);
}

static void wait_for_signal(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    while (sigwaitinfo(&set, NULL) < 0)
        ;
}

static int run(struct command_context *c)
{
    const char *state_dir = c->config.state_dir;
    loop_block_signals(); /* before the broker's threads exist */
    struct mock_broker *broker = NULL;
    enum status status = start(c, &broker);
    if (!status)
        status = broker_file_write(state_dir, mock_broker_address(broker), &c->err);
    if (status) {
        mock_broker_free(broker);
        return command_fail(c);
    }
    printf("%s\n", mock_broker_address(broker));
    fflush(stdout);
    wait_for_signal();
    broker_file_remove(state_dir, mock_broker_address(broker));
    mock_broker_free(broker);
    return EXIT_CODE_OK;
}

static const struct command_option options[] = {
    {.name = "--partitions",
     .kind = OPTION_INTEGER,
     .argument = "N",
     .fallback = "3",
     .min = 1,
     .max = 256,
     .help = "partitions of every topic; forecasts depend on their number"},
    COMMAND_OPTION_STATE_DIR,
};

const struct command command_broker = {
    .name = "broker",
    .summary = "an embedded Kafka broker on 127.0.0.1, with all topics",
    .text = "Prints its address and runs until it is stopped. What is in the topics dies with it, and of every partition only the\n"
            "last 5 MiB are kept: it is for trying things out and for tests.",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .takes_config = true,
    .run = run,
};
