#!/bin/bash
# One real Kafka for all broker tests of a ctest run: its fixture. Each test has topics and a group of its own on it.
#
#   shared_kafka.sh start|stop
#
# STORECAST_BROKERS=host:port,... stands for a cluster that runs already; then nothing is started.
set -uo pipefail
kafka=$STORECAST_SOURCE/scripts/kafka
dir=$STORECAST_BUILD/kafka

case $1 in
    start)
        [ -z "${STORECAST_BROKERS:-}" ] || exit 0
        [ ! -e "$dir" ] || "$kafka" remove --dir "$dir" || exit 1
        "$kafka" start --dir "$dir" --port auto --with "$PPID"
        code=$?
        # 69: no Java, no Maven, no download. Only CI insists.
        [ "$code" != 69 ] || [ "${CI:-}" = true ] || exit 77
        exit "$code"
        ;;
    stop)
        [ ! -e "$dir" ] || "$kafka" remove --dir "$dir"
        ;;
esac
