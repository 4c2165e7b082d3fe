#!/bin/bash
# scripts/install-deps asks for nothing when all is there, tells before it uses sudo, and stops with the exact line
# when it may not install. The system's tools are replaced by stand-ins that only write down what they were asked.
set -euo pipefail
source=${STORECAST_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin"

fail() {
    echo "failed: $*" >&2
    cat "$work/out" >&2
    exit 1
}

stand_in() { # name, body
    printf '#!/bin/bash\n%s\n' "$2" >"$work/bin/$1"
    chmod +x "$work/bin/$1"
}

# Only the stand-ins and what the script needs besides: no real apt-get, no real sudo.
for tool in bash env cat grep mktemp rm tail printf tee chmod; do
    ln -s "$(command -v $tool)" "$work/bin/$tool"
done
stand_in apt-get "echo \"apt-get \$*\" >>$work/calls"
run() { # exit code, arguments
    local wanted=$1 code=0
    shift
    : >"$work/calls"
    PATH=$work/bin "$source/scripts/install-deps" "$@" >"$work/out" 2>&1 || code=$?
    [ "$code" -eq "$wanted" ] || fail "exit code $code, not $wanted"
}

stand_in dpkg-query 'for name in "$@"; do echo "installed $name"; done'
stand_in id 'echo 0'
run 0 --test
[ ! -s "$work/calls" ] && [ ! -s "$work/out" ] || fail "something happened although nothing was missing"

stand_in dpkg-query 'for name in "$@"; do [ "$name" = libgsl-dev ] || echo "installed $name"; done'
run 0
grep -q 'apt-get .*install .*libgsl-dev$' "$work/calls" || fail "as root the missing package is not installed"
grep -q 'apt-get .*update' "$work/calls" || fail "the package lists are not updated first"
! grep -q libavro-dev "$work/calls" || fail "a package that is there is installed again"

# A package that was removed but not purged counts as missing.
stand_in dpkg-query 'for name in "$@"; do [ "$name" = libgsl-dev ] && echo "config-files libgsl-dev" || echo "installed $name"; done'
run 0
grep -q 'install .*libgsl-dev$' "$work/calls" || fail "a removed package counts as installed"

stand_in id 'echo 1000'
run 77
grep -q 'apt-get install -y --no-install-recommends libgsl-dev$' "$work/out" || fail "the exact line is not printed"
[ ! -s "$work/calls" ] || fail "it installs without being allowed to"

stand_in sudo "echo \"sudo \$*\" >>$work/calls; exec \"\$@\""
run 0
grep -q 'will run with sudo: .*libgsl-dev' "$work/out" || fail "it does not say what sudo will run"
grep -q '^sudo .*apt-get .*install .*libgsl-dev$' "$work/calls" || fail "sudo is not used"

stand_in dpkg-query 'for name in "$@"; do case $name in maven | kcat) ;; *) echo "installed $name" ;; esac; done'
: >"$work/calls"
run 0
[ ! -s "$work/calls" ] || fail "what only tests and Kafka need is installed for a build"
run 0 --test --kafka
grep -q 'install .*kcat maven$' "$work/calls" || fail "--test --kafka does not install both kinds"

stand_in apt-get 'echo "E: no route"; exit 100'
run 69 --kafka
grep -q 'E: no route' "$work/out" || fail "the reason of a failed installation is not shown"
run 64 --nonsense
echo "install-deps: 8 situations as they should be"
