#!/bin/sh
# pnpm races [SECONDS]: commands at once against the model of the life cycle, hundreds of starts at
# once, and collections beside all that images are used for (test/model), each for SECONDS (600) on
# each build. BERTH_SEED repeats what was asked for.
set -eu
cd "$(dirname "$0")/.."
BERTH_RACES_SECONDS=${1:-600} exec sh tools/e2e.sh model starts collection
