#!/bin/bash
# What a developer runs all day; CI calls the same.
#
#   scripts/dev.sh build                 the dev preset, in build/dev
#   scripts/dev.sh test [NAME]           build, then ctest; NAME is a part of test names (ctest -R)
#   scripts/dev.sh asan [NAME]           tests (NAME: also workers) under address and undefined-behaviour sanitizers
#   scripts/dev.sh tsan [NAME]           what has threads (io, workers) under the thread sanitizer
#   scripts/dev.sh valgrind [NAME]       unit tests and a worker's life: no read of nothing, nothing left at exit
#   scripts/dev.sh lint                  clang with our warnings, clang-tidy, cppcheck
#   scripts/dev.sh cover [FOLDER...]     lines of src/ that tests reach; of a FOLDER (engine), the lines they do not
#   scripts/dev.sh cover-check           ... of engine, codec and forecast: each is in the table of tests/README.md
#   scripts/dev.sh fuzz TARGET [SECONDS] search with libFuzzer (60 s); new inputs go to build/fuzz/corpus/TARGET
#   scripts/dev.sh until-fail NAME       repeat one test until it fails
#   scripts/dev.sh gdb NAME [CASE]       one test program under gdb
#   scripts/dev.sh format [check]        clang-format on the files that differ from the last commit
#   scripts/dev.sh bench                 what things cost on this machine
#   scripts/dev.sh bench kafka           the same on a real Kafka, beside Kafka Streams: the figures in the README
#   scripts/dev.sh docs                  write the option lists of README.md and config/ from the table
set -euo pipefail
cd "$(dirname "$0")/.."
jobs=${STORECAST_JOBS:-$(nproc)}

# Tests with threads of their own, or with workers: the loop, pools, the transaction thread, closes, restores.
threaded='^(unit_io_(loop|pool|transaction|http|kv|kafka)|mock_(worker|aborts|inputs|interop|replay|reloads|kafka))'
# Repeats, for hours under some tools, what other tests reach as well.
slow_to_count='^(mock_(equality|chaos)|broker_chaos)$'

usage() {
    sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' scripts/dev.sh
    exit 64
}

configure() {
    local preset=$1 log
    log=$(mktemp)
    if ! cmake --preset "$preset" >"$log" 2>&1; then
        cat "$log" >&2
        rm -f "$log"
        exit 1
    fi
    rm -f "$log"
}

# build PRESET [TARGET...]
build() {
    local preset=$1
    shift
    configure "$preset"
    cmake --build "build/$preset" -j "$jobs" ${1:+--target "$@"}
}

run_ctest() {
    local preset=$1 name=${2:-}
    shift; [ $# -gt 0 ] && shift
    (cd "build/$preset" && ctest --output-on-failure -j "$jobs" ${name:+-R "$name"} "$@")
}

tsan() {
    local with=()
    # Its shadow memory and address randomisation of more than 28 bits do not go together.
    setarch -R true 2>/dev/null && with=(setarch -R)
    build tsan && (cd build/tsan && "${with[@]}" ctest --output-on-failure --no-tests=error -j "$((jobs * 2))" -R "${1:-$threaded}" -L '^(unit|mock)$')
}

clang_tidy() {
    # (to stderr it only counts warnings of system headers)
    printf '%s\0' src/*/*.c | xargs -0 -P "$jobs" -n 4 clang-tidy-14 -p build/clang --quiet 2> >(grep -v 'generated' >&2)
}

check_cpp() {
    cppcheck -j "$jobs" --project=build/clang/compile_commands.json --file-filter='*src/*' --enable=warning,performance,portability \
        --inline-suppr --quiet --suppressions-list=tests/support/cppcheck.supp --error-exitcode=1 \
        --template='{file}:{line}: {severity} {id}: {message}'
}

lint() {
    build clang && clang_tidy && check_cpp && echo "lint: nothing found"
}

# counted OPTION...: runs the tests that ctest's options choose, in the build that counts lines
counted() {
    build cover
    find build/cover -name '*.gcda' -delete
    (cd build/cover && ctest -j "$jobs" --output-on-failure "$@" >build.log 2>&1) || { tail -n 60 build/cover/build.log; return 1; }
}

cover() {
    local folder missed=()
    for folder in "$@"; do
        missed+=(--missed "$folder")
    done
    counted -E "$slow_to_count" && scripts/cover build/cover "${missed[@]}"
}

cover_check() {
    counted -L '^(unit|fault|fuzz)$' && scripts/cover build/cover --check engine --check codec --check forecast
}

fuzz() {
    local target=$1 seconds=${2:-60}
    build fuzz "fuzz_$target"
    mkdir -p "build/fuzz/corpus/$target"
    (cd build/fuzz && "tests/fuzz_$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        "corpus/$target" "../../tests/fuzz/corpus/$target")
}

changed_sources() {
    { git diff --name-only HEAD -- '*.c' '*.h'; git ls-files --others --exclude-standard -- '*.c' '*.h'; } |
        sort -u | while read -r file; do [ -e "$file" ] && echo "$file"; done
}

format() {
    local files
    mapfile -t files < <(changed_sources)
    [ "${#files[@]}" -gt 0 ] || { echo "nothing has changed"; return; }
    if [ "${1:-}" = check ]; then
        clang-format-14 --dry-run --Werror "${files[@]}"
    else
        clang-format-14 -i "${files[@]}"
    fi
}

# Replaces what stands between the two option marks of README.md.
write_docs() {
    build dev storecast
    env -i build/dev/storecast worker --print-config=sample >config/storecast.properties
    env -i build/dev/storecast worker --print-config=markdown >build/dev/options.md
    awk -v list=build/dev/options.md '
        /<!-- options: end -->/ { skipping = 0 }
        !skipping { print }
        /<!-- options: begin -->/ { while ((getline line < list) > 0) print line; skipping = 1 }' README.md >build/dev/README.new
    cp build/dev/README.new README.md
    echo "written: config/storecast.properties, the option list of README.md"
}

command=${1:-}
[ $# -gt 0 ] && shift
case $command in
    build) build dev "$@" ;;
    test) build dev && run_ctest dev "$@" ;;
    asan) build asan && run_ctest asan "${1:-}" -L "^(unit|fault|fuzz${1:+|mock})\$" ;;
    tsan) tsan "$@" ;;
    valgrind) build dev && scripts/memcheck build/dev "$@" ;;
    lint) lint ;;
    cover) cover "$@" ;;
    cover-check) cover_check ;;
    fuzz) [ $# -ge 1 ] || usage; fuzz "$@" ;;
    until-fail) [ $# -eq 1 ] || usage; build dev && run_ctest dev "$1" --repeat until-fail:1000 ;;
    gdb) [ $# -ge 1 ] || usage; build dev "$1" && gdb --args "build/dev/tests/$1" "${@:2}" ;;
    format) format "$@" ;;
    bench) [ "${1:-}" != kafka ] || exec scripts/bench/kafka "${@:2}"; build release && build/release/storecast bench "$@" ;;
    docs) write_docs ;;
    *) usage ;;
esac
