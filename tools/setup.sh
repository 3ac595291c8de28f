# Sourced by start.sh and test.sh: brings a fresh machine to where Berth can be built and run.
# As root it installs what is missing; as a plain user it names what an administrator would type.

# The version of pnpm that the lockfile was written by; npx fetches it from the npm registry.
PNPM_VERSION=12.21.0
PLAIN_USER=berth
SECOND_USER=bob

say() { printf '\n== %s\n' "$*" >&2; }
fail() { printf 'Error: %s\n' "$*" >&2; exit 1; }
is_root() { [ "$(id -u)" = 0 ]; }

# Node starts 60 ms slower for every process that reads extra certificates; only npm needs them.
EXTRA_CERTIFICATES=${NODE_EXTRA_CA_CERTS-}
unset NODE_EXTRA_CA_CERTS
with_certificates() {
	if [ -n "$EXTRA_CERTIFICATES" ]; then NODE_EXTRA_CA_CERTS=$EXTRA_CERTIFICATES "$@"
	else "$@"; fi
}

need_node() {
	command -v node >/dev/null && command -v npx >/dev/null ||
		fail 'find "node" and "npx": not in PATH; Berth is built with Node 20 or later and npm'
	node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 20 ? 0 : 1)' ||
		fail "use node $(node --version): version 20 or later is needed"
}

# missing_packages SECTION...: names of the listed packages that dpkg does not have installed.
missing_packages() {
	for section in "$@"; do
		sed -n "s/^$section  *\([^ ]*\).*/\1/p" tools/debian-packages.txt
	done | while read -r package; do
		dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed ||
			printf '%s ' "$package"
	done
}

# need_packages SECTION...: installs them as root, else says what an administrator would type.
need_packages() {
	if ! command -v dpkg-query >/dev/null; then
		echo 'not a Debian: tools/debian-packages.txt names what to install' >&2
		return 0
	fi
	missing=$(missing_packages "$@")
	[ -n "$missing" ] || return 0
	if ! is_root; then
		say "Some packages are missing. An administrator would type:"
		printf '\n    apt-get install %s\n\n' "$missing" >&2
		return 0
	fi
	say "Installing $missing"
	export DEBIAN_FRONTEND=noninteractive
	# shellcheck disable=SC2086 # a list of words
	apt-get install -y -q --no-install-recommends $missing </dev/null >/dev/null 2>&1 || {
		apt-get update -q </dev/null >/dev/null
		apt-get install -y -q --no-install-recommends $missing </dev/null >/dev/null
	}
}

# need_libraries: libseccomp's, libdeflate's and libzstd's headers and static libraries, which a plain
# user can unpack without installing.
# The compiler looks where C_INCLUDE_PATH and LIBRARY_PATH say.
need_libraries() {
	printf '#include <%s.h>\n' seccomp libdeflate zstd | cc -E - >/dev/null 2>&1 && return 0
	command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || return 0
	root=$PWD/.cache/libraries
	if ! ls "$root"/usr/lib/*/libzstd.a >/dev/null 2>&1; then
		say "Unpacking libseccomp, libdeflate and libzstd into .cache/: not installed"
		sh native/static-libraries.sh "$(dpkg --print-architecture)" "$root" ||
			echo 'going on without them' >&2
	fi
	export C_INCLUDE_PATH="$root/usr/include${C_INCLUDE_PATH:+:$C_INCLUDE_PATH}"
	for folder in "$root"/usr/lib/*/; do
		export LIBRARY_PATH="$folder${LIBRARY_PATH:+:$LIBRARY_PATH}"
	done
}

# need_user NAME: a plain user with subordinate ids. Does nothing when there is one.
need_user() {
	id "$1" >/dev/null 2>&1 || useradd --create-home --shell /bin/bash "$1"
	for kind in uid gid; do
		grep -q "^$1:" "/etc/sub$kind" 2>/dev/null && continue
		first=$(cat /etc/sub$kind 2>/dev/null |
			awk -F: '$2 + $3 > next_id { next_id = $2 + $3 }
				END { printf "%d", next_id < 100000 ? 100000 : next_id }')
		usermod "--add-sub${kind}s" "$first-$((first + 65535))" "$1"
	done
}

# need_modules: node_modules as the lockfile says; skipped when they are.
need_modules() {
	stamp=node_modules/.berth-installed
	wanted=$(cat pnpm-lock.yaml pnpm-workspace.yaml package.json packages/*/package.json | cksum)
	[ "$(cat $stamp 2>/dev/null)" = "$wanted" ] && return 0
	say "Installing libraries"
	with_certificates env CI=true npx -y "pnpm@$PNPM_VERSION" install --frozen-lockfile \
		</dev/null >&2 || fail "install libraries: pnpm install did not succeed"
	echo "$wanted" >$stamp
}

need_build() {
	need_modules
	need_libraries
	say "Building dist/"
	node --import tsx tools/build/main.ts "$@" >&2 || fail "build dist/"
}
