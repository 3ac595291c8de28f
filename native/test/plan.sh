# Sourced by the tests of the outside side: writes launch plans by hand and runs the helper.
#   NATIVE   the helper           ROOTFS  a folder with busybox in bin/
#   WORK     a scratch folder     plan NAME [record lines on stdin]

: "${NATIVE:?the helper to test}" "${ROOTFS:?a root file system}"
WORK=${WORK:-$(mktemp -d)}
mkdir -p "$WORK/state" "$WORK/run" "$WORK/keepers"

# rec OP ARG...: one record
rec() { op=$1; shift; printf '%s\0' "$op $#" "$@"; }

# begin ID STDIO STDIN LOG: the records that every container of the tests has
begin() {
	mkdir -p "$WORK/state/$1"
	printf '%s\0' 'berth-plan 1'
	rec id "$1"
	rec state-dir "$WORK/state/$1"
	rec run-dir "$WORK/run/$1"
	rec summary "created 1
image test
"
	rec userns "$WORK/keepers"
	sub=$(sed -n "s/^$(id -un)://p" /etc/subuid | head -n 1)
	rec uid-map 0 "$(id -u)" 1
	rec uid-map 1 "${sub%%:*}" "${sub##*:}"
	rec gid-map 0 "$(id -g)" 1
	rec gid-map 1 "${sub%%:*}" "${sub##*:}"
	rec map-helpers /usr/bin/newuidmap /usr/bin/newgidmap
	rec stdio "$2"
	rec stdin "$3"
	rec log "$4" "$WORK/state/$1/log" "${LOG_SIZE:-0}" "${LOG_FILES:-1}"
	rec stop-signal 15
	for namespace in pid ipc uts cgroup mount; do rec namespace $namespace new; done
	rec namespace net "${NET:-new}"
	rec rootfs "$ROOTFS"
	rec mount proc proc /proc 14 ''
	rec dev-setup 65536 "$([ "$2" = terminal ] && echo 1 || echo 0)"
	process
	[ "$2" != terminal ] || rec terminal 24 80
}

# process: the records of any process
process() {
	rec env PATH=/bin TERM=dumb
	rec cwd / 0
	rec user ''
	rec home-default
	rec new-keyring
	rec capabilities 1ff 1ff 1ff 0 0
}

finish() { rec args "$@"; printf '%s\0' 'end 0'; }

# container ID STDIO STDIN LOG COMMAND...: writes $WORK/ID.plan
container() {
	id=$1 stdio=$2 input=$3 log=$4; shift 4
	{ begin "$id" "$stdio" "$input" "$log"; [ -z "${EXTRA:-}" ] || $EXTRA; finish "$@"; } > "$WORK/$id.plan"
}

# process_plan NAME STDIO STDIN COMMAND...: an exec plan
process_plan() {
	name=$1 stdio=$2 input=$3; shift 3
	{
		printf '%s\0' 'berth-plan 1'
		rec stdio "$stdio"; rec stdin "$input"; rec detach 0
		process
		[ "$stdio" != terminal ] || rec terminal 24 80
		finish "$@"
	} > "$WORK/$name.plan"
}

failed=0
check() { # check TITLE EXPECTED ACTUAL
	if [ "$2" = "$3" ]; then echo "ok - $1"; else
		echo "not ok - $1"; echo "  expected: $2"; echo "  actual:   $3"; failed=1
	fi
}

status_of() { "$@"; echo $?; }
