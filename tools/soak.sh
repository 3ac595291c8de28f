#!/bin/sh
# pnpm soak [MINUTES]: mixed commands for MINUTES (30), then 1,000 containers (BERTH_SOAK_CONTAINERS),
# by the build that BERTH_BUILD names (bun). No part of npm test.
set -eu
cd "$(dirname "$0")/.."
. tools/setup.sh

if is_root; then
	need_user "$PLAIN_USER"
	exec test/lab/in-lab --copy "$PWD" sh tools/soak.sh "$@"
fi
BERTH_SOAK_MINUTES=${1:-30} exec node --import tsx --test --test-reporter=spec \
	test/soak/soak.test.ts
