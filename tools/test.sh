#!/bin/sh
# npm test: does what set-up is missing, then checks the code base and runs all tests: the rules,
# types, unit tests, the C tests, and the end-to-end tests on both builds. As root, a plain user
# made for the purpose runs them in a copy, since the repository may lie where users can't look;
# then come those in a machine with systemd, which only root can build.
set -eu
cd "$(dirname "$0")/.."
. tools/setup.sh

need_node
need_packages build runtime test
need_build

if ! is_root; then
	test/lab/make-images || echo 'going on without the lab images' >&2
	exec sh tools/test-stages.sh
fi

need_user "$PLAIN_USER"
need_user "$SECOND_USER"
say "Making the images of the lab"
test/lab/make-images || echo 'going on without the lab images' >&2

say "Testing as the user $PLAIN_USER"
status=0
test/lab/in-lab --copy "$PWD" sh tools/test-stages.sh </dev/null || status=1
sh tools/machine.sh </dev/null || status=1
exit $status
