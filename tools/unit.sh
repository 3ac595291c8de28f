#!/bin/sh
# pnpm test:unit [PACKAGE]...: the unit tests of all packages and of the tools, or of some packages.
set -eu
cd "$(dirname "$0")/.."
if [ $# -gt 0 ]; then
	folders=''
	for name in "$@"; do
		case $(ls "packages/$name/test" 2>/dev/null) in
		*.test.ts*) ;;
		*) echo "unit.sh: \"$name\": there are no tests in packages/$name/test" >&2; exit 1 ;;
		esac
		folders="$folders packages/$name/test"
	done
else
	folders=$(ls -d packages/*/test tools/*/test test/lab/test 2>/dev/null || :)
fi
# shellcheck disable=SC2046,SC2086 # lists of words; no file of ours has white space in its name
exec node --import tsx tools/test-files.ts "$(nproc)" \
	$(find $folders -name '*.test.ts' | sort)
