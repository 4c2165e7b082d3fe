#!/bin/bash
# A short scripts/chaos; before that, that it would find what it looks for.
set -u
chaos=$STORECAST_BUILD/tests/storecast_chaos
last=

# chaos EXPECTED_EXIT_CODE OPTION...: leaves its last line in $last.
run() {
    local expected=$1 out code
    shift
    out=$("$chaos" "$@" 2>&1)
    code=$?
    last=${out##*$'\n'}
    if [ "$code" != "$expected" ]; then
        printf '%s\n' "$out"
        echo "storecast_chaos $*: exit code $code, it should be $expected"
        exit 1
    fi
}

found() {
    if ! [[ $last =~ ^events\ [0-9]+\ lost\ [0-9]+\ doubled\ [0-9]+\ different\ [0-9]+$ && $last =~ $1 ]]; then
        echo "the last line is '$last', it should have '$1'"
        exit 1
    fi
}

run 1 --records 20000 --seed 1 --sabotage 1
found ' lost [1-9]'
run 1 --records 20000 --seed 1 --sabotage 2
found ' doubled [1-9]'
run 1 --records 20000 --seed 1 --sabotage 3
found ' different [1-9]'
run 0 --records 200000 --seed "${STORECAST_SEED:-1}"
found ' lost 0 doubled 0 different 0$'
echo "$last"
