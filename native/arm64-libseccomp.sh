#!/bin/sh
# arm64-libseccomp.sh ROOT: unpacks Debian's libseccomp for arm64 into ROOT. apt runs with state of
# its own, so that neither root nor a foreign architecture of this machine is needed.
set -eu
root=$1
state=$(mktemp -d)
trap 'rm -rf "$state"' EXIT
mkdir -p "$state/lists/partial" "$state/cache/archives/partial" "$state/packages"
chmod -R a+rwX "$state"
: >"$state/status"
apt_arm64() {
	apt-get -q -o APT::Architecture=arm64 -o APT::Architectures=arm64 \
		-o APT::Sandbox::User=root -o Dir::State::lists="$state/lists" -o Dir::State::status="$state/status" \
		-o Dir::Cache="$state/cache" "$@" >/dev/null
}
apt_arm64 update
(cd "$state/packages" && apt_arm64 download libseccomp-dev)
mkdir -p "$root"
dpkg-deb -x "$state"/packages/libseccomp-dev_*_arm64.deb "$root"
touch "$root/usr/lib/aarch64-linux-gnu/libseccomp.a"
