#!/bin/sh
# pnpm bench [ROW]...: measures dist/berth, and podman where it is installed, in turns. As root, as
# the plain user of the lab, with the stores on disk. `pnpm bench --list` names the rows.
set -eu
cd "$(dirname "$0")/.."
. tools/setup.sh

if is_root; then
	need_user "$PLAIN_USER"
	BERTH_TEST_DISK=1 exec test/lab/in-lab --copy "$PWD" sh bench/bench.sh "$@"
fi
exec node --import tsx bench/main.ts "$@"
