#!/bin/sh
# npm start: on a fresh machine with Node 20, npm, a C compiler and make, builds Berth and runs a
# first container. As root it first installs the packages that Berth needs and makes a plain user,
# who does the rest: Berth is for users, not for root.
set -eu
cd "$(dirname "$0")/.."
. tools/setup.sh

need_node
need_packages build runtime
need_build

dist=$PWD/dist
as_plain() { "$@"; }
if is_root; then
	need_user "$PLAIN_USER"
	home=$(getent passwd "$PLAIN_USER" | cut -d: -f6)
	dist=$home/.local/lib/berth
	as_plain() { test/lab/as-user "$PLAIN_USER" "$@"; }
	say "Installing dist/ for the user $PLAIN_USER in $dist"
	# In one stream: the repository may lie where the user can't look.
	tar -C dist -cf - . | as_plain sh -c '
		rm -rf "$1" && mkdir -p "$1" ~/.local/bin && tar -C "$1" -xf - &&
		ln -sfn "$1/berth" ~/.local/bin/berth' sh "$dist"
fi

first() {
	say "berth $*"
	as_plain "$dist/berth" "$@" </dev/null || fail "\"berth $*\" ended with status $?"
}
first run --rm hello
first run --rm host uname -a

say "Berth works. What to try next:"
if is_root; then
	printf '\n    su - %s\n' "$PLAIN_USER"
elif ! command -v berth >/dev/null; then
	printf '\n    PATH=%s:$PATH\n' "$dist"
else
	echo
fi
cat <<'EOF'
    berth run --rm -it host bash
    berth run -d --name sleeper host sleep 600
    berth ps
    berth exec sleeper ps aux
    berth rm -f sleeper
    berth run --rm -it docker.io/library/debian bash
    berth --help
EOF
