#!/bin/sh
# The stages of npm test, run by a plain user in a built tree. A stage that fails does not keep the
# later ones from running; the exit status tells whether all passed.
set -u
cd "$(dirname "$0")/.."
. tools/setup.sh

# Other programs of the tests (skopeo) take a folder of root's otherwise.
if [ -z "${XDG_RUNTIME_DIR:-}" ]; then
	XDG_RUNTIME_DIR=$(mktemp -d)
	export XDG_RUNTIME_DIR
	trap 'rm -rf "$XDG_RUNTIME_DIR"' EXIT
fi

failed=''
stage() {
	name=$1; shift
	say "$name"
	begin=$(date +%s)
	"$@" || failed="$failed, $name"
	echo "($name: $(($(date +%s) - begin)) s)" >&2
}

# The C half on arm64, by an emulator; it needs what no plain Debian has at hand.
arm64_tests() {
	command -v aarch64-linux-gnu-gcc >/dev/null && command -v qemu-aarch64-static >/dev/null ||
		{ echo 'skipped: no compiler for arm64, or no emulator'; return 0; }
	make -s -C native arm64-library || { echo 'skipped: no libseccomp for arm64'; return 0; }
	make -s -C native arm64-test
}

# A set seed, so that a failure is the change's own; `pnpm fuzz` tries new inputs.
fuzzers() {
	command -v clang >/dev/null || { echo 'skipped: clang is not installed'; return 0; }
	make -s -j2 -C native fuzz FUZZ_SECONDS=5 FUZZ_SEED=20260101
}

stage 'rules of the code base' node --import tsx tools/tidy/main.ts
stage 'types' node_modules/.bin/tsc --noEmit
stage 'C tests' make -s -j2 -C native test
stage 'fuzzers' fuzzers
stage 'C tests on arm64' arm64_tests
stage 'unit tests' sh tools/unit.sh
stage 'end-to-end tests' sh tools/e2e.sh

if [ -n "$failed" ]; then
	echo "failed: ${failed#, }"
	exit 1
fi
echo 'all stages passed'
