#include "io/versions.h"

#include <curl/curl.h>
#include <event2/event.h>
#include <jansson.h>
#include <librdkafka/rdkafka.h>
#include <lmdb.h>
#include <openssl/crypto.h>
#include <stdio.h>

#include "io/kafka.h"

const char *versions_librdkafka(void)
{
    return rd_kafka_version_str();
}

const char *versions_warning(int index)
{
    const char *scram = kafka_scram_warning();
    return index == 0 ? scram : NULL;
}

const char *versions_at(int index)
{
    static char text[100];
    switch (index) {
    case 0:
        snprintf(text, sizeof text, "librdkafka %s", rd_kafka_version_str());
        return text;
    case 1:
        snprintf(text, sizeof text, "libevent %s", event_get_version());
        return text;
    case 2:
        snprintf(text, sizeof text, "%s", mdb_version(NULL, NULL, NULL));
        return text;
    case 3:
        snprintf(text, sizeof text, "libcurl %s", curl_version_info(CURLVERSION_NOW)->version);
        return text;
    case 4:
        snprintf(text, sizeof text, "jansson %s", jansson_version_str());
        return text;
    case 5:
        return OpenSSL_version(OPENSSL_VERSION);
    default:
        return NULL;
    }
}
