#!/bin/sh
# pnpm test:e2e [NAME]...: the end-to-end tests of test/e2e,
# test/security, test/crash and test/model (all, or NAME.test.ts) on what dist/
# holds, on both builds or on the one that BERTH_BUILD names (bun or node). As root, as the plain
# user of the lab, who needs to be able to read this folder; tools/test.sh sees to that.
set -eu
cd "$(dirname "$0")/.."
. tools/setup.sh

[ -x dist/berth ] || fail 'open "dist/berth": no such file; run "pnpm build" first'
if is_root; then
	need_user "$PLAIN_USER"
	need_user "$SECOND_USER"
	exec test/lab/in-lab --copy "$PWD" sh tools/e2e.sh "$@"
fi

if [ $# -gt 0 ]; then
	files=''
	for name in "$@"; do files="$files $(find test/e2e test/security test/crash test/model -name "$name.test.ts")"; done
else
	files=$(find test/e2e test/security test/crash test/model -name '*.test.ts' | sort)
fi
[ -n "$files" ] || { echo 'no end-to-end tests'; exit 0; }

status=0
for build in ${BERTH_BUILD:-bun node}; do
	say "End-to-end tests, build for $build"
	# shellcheck disable=SC2086 # a list of words
	BERTH_BUILD=$build node --import tsx tools/test-files.ts "${BERTH_TEST_CONCURRENCY:-2}" $files || status=1
done
exit $status
