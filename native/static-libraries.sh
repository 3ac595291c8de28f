#!/bin/sh
# static-libraries.sh ARCHITECTURE ROOT: unpacks Debian's libseccomp, libdeflate and libzstd for amd64 or
# arm64 into ROOT. apt runs with state of its own, so that neither root nor a foreign architecture of
# this machine is needed.
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
(cd "$state/packages" && apt_of download libseccomp-dev libdeflate-dev libzstd-dev)
mkdir -p "$root"
for package in "$state"/packages/*.deb; do dpkg-deb -x "$package" "$root"; done
touch "$root"/usr/lib/*/libzstd.a
