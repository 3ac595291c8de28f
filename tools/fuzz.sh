#!/bin/sh
# pnpm fuzz [SECONDS]: looks for input that breaks a reader, SECONDS (60) for each fuzzer of the C
# helper and for each property of the TypeScript readers. A failure prints its case, or its seed.
set -eu
cd "$(dirname "$0")/.."
seconds=${1:-60}

status=0
make -s -j2 -C native fuzz FUZZ_SECONDS="$seconds" || status=1
# shellcheck disable=SC2046 # names of tests have no white space
BERTH_FUZZ_SECONDS=$seconds node --import tsx --test --test-reporter=spec --test-concurrency=2 \
	$(grep -rl 'searching(' packages --include='*.test.ts' --exclude-dir=node_modules) || status=1
exit $status
