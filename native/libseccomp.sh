#!/bin/sh
# libseccomp.sh ARCHITECTURE ROOT: unpacks Debian's libseccomp for amd64 or arm64 into ROOT. apt runs
# with state of its own, so that neither root nor a foreign architecture of this machine is needed.
set -eu
architecture=$1 root=$2
state=$(mktemp -d)
trap 'rm -rf "$state"' EXIT
mkdir -p "$state/lists/partial" "$state/cache/archives/partial" "$state/packages"
chmod -R a+rwX "$state"
: >"$state/status"
apt_of() {
	apt-get -q -o APT::Architecture="$architecture" -o APT::Architectures="$architecture" \
		-o APT::Sandbox::User=root -o Dir::State::lists="$state/lists" -o Dir::State::status="$state/status" \
		-o Dir::Cache="$state/cache" "$@" >/dev/null
}
apt_of update
(cd "$state/packages" && apt_of download libseccomp-dev)
mkdir -p "$root"
dpkg-deb -x "$state"/packages/libseccomp-dev_*_"$architecture".deb "$root"
touch "$root"/usr/lib/*/libseccomp.a
