#!/bin/sh
# The stages of npm test, run by a plain user in a built tree. A stage that fails does not keep the
# later ones from running; the exit status tells whether all passed.
set -u
cd "$(dirname "$0")/.."
. tools/setup.sh

failed=''
stage() {
	name=$1; shift
	say "$name"
	begin=$(date +%s)
	"$@" || failed="$failed, $name"
	echo "($name: $(($(date +%s) - begin)) s)" >&2
}

stage 'rules of the code base' node --import tsx tools/tidy/main.ts
stage 'types' node_modules/.bin/tsc --noEmit
[ ! -f native/Makefile ] || stage 'C tests' make -s -C native test
stage 'unit tests' sh tools/unit.sh
stage 'end-to-end tests' sh tools/e2e.sh

if [ -n "$failed" ]; then
	echo "failed: ${failed#, }"
	exit 1
fi
echo 'all stages passed'
