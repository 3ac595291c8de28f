#!/bin/sh
# pnpm test:machine [NAME]...: the tests of test/machine (all, or NAME.test.ts), on what dist/ holds,
# in the throw-away Debian machine of test/lab/vm. Root only: only root can build the machine.
set -eu
cd "$(dirname "$0")/.."
. tools/setup.sh

say 'Tests in a machine with systemd'
[ $# -gt 0 ] || set -- '*'
files=$(for name in "$@"; do find test/machine -name "$name.test.ts"; done | sort)
# shellcheck disable=SC2086 # a list of words
exec node --import tsx tools/test-files.ts 1 $files
