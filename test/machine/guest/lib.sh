# Sourced by the scripts that run inside the machine: checks that report in lines of TAP.

# The programs are run where they lie, in a read-only folder of another user.
PATH=/mnt/share/dist:$PATH
checks=0
trap 'echo "1..$checks"' EXIT

# check TITLE COMMAND...: one line for the test, and on failure what the command printed.
check() {
	local title=$1 output status
	shift
	checks=$((checks + 1))
	# Not as a condition: there "set -e" is off, in functions too.
	output=$(set -e; "$@" 2>&1)
	status=$?
	if [ $status = 0 ]; then
		echo "ok - $title"
	else
		echo "not ok - $title"
		printf 'exit %s\n%s\n' "$status" "$output" | sed 's/^/# /'
	fi
}

# same WANTED GOT
same() { [ "$1" = "$2" ] || { printf 'wanted: %s\ngot:    %s\n' "$1" "$2"; return 1; }; }

# like PATTERN TEXT: a line of the text matches the extended regular expression.
like() { printf '%s\n' "$2" | grep -qE -- "$1" || { printf 'no %s in: %s\n' "$1" "$2"; return 1; }; }

# until_ok COMMAND...: tries for ten seconds.
until_ok() {
	local tries
	for ((tries = 0; tries < 100; tries++)); do
		if "$@" >/dev/null 2>&1; then return 0; fi
		sleep 0.1
	done
	"$@"
}

# fails STATUS COMMAND...: exits with that status; prints what it printed.
fails() {
	local wanted=$1 output status=0
	shift
	output=$("$@" 2>&1) || status=$?
	printf '%s\n' "$output"
	same "$wanted" "$status" >&2
}
