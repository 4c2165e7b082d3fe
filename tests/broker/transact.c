/* transact: what a test's Python cannot do by itself: records in a transaction.
 *
 *   broker_transact SERVERS TOPIC PARTITION ID commit|abort|hold COUNT
 *
 * Sends records "ID-0"... with these keys and values, flushes them, and ends the transaction; hold prints "open" and
 * keeps it open until it is killed. */
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void demand(rd_kafka_error_t *error, const char *what)
{
    if (!error)
        return;
    fprintf(stderr, "%s: %s\n", what, rd_kafka_error_string(error));
    exit(1);
}

static rd_kafka_t *producer_new(const char *servers, const char *id)
{
    const char *properties[][2] = {{"bootstrap.servers", servers}, {"transactional.id", id}, {"transaction.timeout.ms", "60000"}};
    char why[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    for (size_t i = 0; i < sizeof properties / sizeof *properties; i++)
        if (rd_kafka_conf_set(conf, properties[i][0], properties[i][1], why, sizeof why)) {
            fprintf(stderr, "%s\n", why);
            exit(1);
        }
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    if (!rk) {
        fprintf(stderr, "%s\n", why);
        exit(1);
    }
    return rk;
}

int main(int argc, char **argv)
{
    if (argc != 7)
        return 64;
    const char *topic = argv[2], *id = argv[4], *verb = argv[5];
    const int32_t partition = atoi(argv[3]);
    rd_kafka_t *rk = producer_new(argv[1], id);
    demand(rd_kafka_init_transactions(rk, 30000), "init");
    demand(rd_kafka_begin_transaction(rk), "begin");
    for (int i = 0; i < atoi(argv[6]); i++) {
        char text[128];
        const int size = snprintf(text, sizeof text, "%s-%d", id, i);
        const rd_kafka_resp_err_t e =
            rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                              RD_KAFKA_V_KEY(text, (size_t)size), RD_KAFKA_V_VALUE(text, (size_t)size), RD_KAFKA_V_END);
        if (e) {
            fprintf(stderr, "produce: %s\n", rd_kafka_err2str(e));
            return 1;
        }
    }
    rd_kafka_flush(rk, 30000);
    if (strcmp(verb, "commit") == 0)
        demand(rd_kafka_commit_transaction(rk, 30000), "commit");
    else if (strcmp(verb, "abort") == 0)
        demand(rd_kafka_abort_transaction(rk, 30000), "abort");
    printf("%s\n", strcmp(verb, "hold") == 0 ? "open" : verb);
    fflush(stdout);
    while (strcmp(verb, "hold") == 0)
        pause();
    rd_kafka_destroy(rk);
    return 0;
}
