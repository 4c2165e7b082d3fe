#!/bin/bash
# A short scripts/chaos --kafka: some of every fault, on a Kafka of its own.
set -u
out=$("$STORECAST_BUILD/tests/storecast_chaos" --kafka --minutes 2 --records 120000 --seed "${STORECAST_SEED:-1}" 2>&1)
code=$?
[ "$code" != 77 ] || [ "${CI:-}" != true ] || code=1
printf '%s\n' "$out"
[ "$code" = 0 ] || exit "$code"
[[ ${out##*$'\n'} =~ ^events\ [0-9]+\ lost\ 0\ doubled\ 0\ different\ 0$ ]]
