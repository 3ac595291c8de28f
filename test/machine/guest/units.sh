# Containers as units of the user's systemd, by alice.
. /mnt/share/guest/lib.sh
berth load -q -i /mnt/share/busybox.tar >/dev/null
image=localhost/busybox
berth=/mnt/share/dist/berth

unit_runs() {
	systemd-run --user --wait --quiet --collect --unit once \
		$berth run --rm --network none $image echo "said by a container"
	until_ok journal_has once '^said by a container$'
}
journal_has() { journalctl --user --quiet -o cat -u "$1" | grep -qE "$2"; }

status_is_the_units() {
	fails 7 systemd-run --user --wait --quiet --collect --unit seven \
		$berth run --rm --network none $image sh -c 'exit 7'
}

unit_stops() {
	systemd-run --user --quiet --unit web $berth run --rm --network none --name web \
		--log-driver "$1" $image sh -c 'trap "echo ended well; exit 0" TERM; echo started
			while :; do sleep 0.1; done'
	until_ok berth exec web true
	like "Up " "$(berth ps)"
	systemctl --user stop web
	[ "$1" = none ] || until_ok journal_has web '^ended well$'
	same '' "$(berth ps -aq)"
	same inactive "$(systemctl --user show -P ActiveState web)"
}

node_build_in_a_unit() {
	systemd-run --user --wait --quiet --collect --unit node node /mnt/share/dist/berth.cjs \
		run --rm --network none $image echo "by node"
	until_ok journal_has node '^by node$'
}

in_its_own_scope() {
	berth run -d --name own --network none $image sleep 1000
	like "^0::/user.slice/.*/app.slice/berth-.*\.scope$" \
		"$(cat "/proc/$(berth inspect -f '{{.State.Pid}}' own)/cgroup")"
	berth rm -f -t 0 own
	until_ok no_scope
}
no_scope() { [ "$(systemctl --user list-units --all --plain --no-legend 'berth-*' | wc -l)" = 0 ]; }

# The client is killed after TimeoutStopSec; its container, in another cgroup, must not stay.
unit_is_killed() {
	systemd-run --user --quiet --collect --unit stubborn -p TimeoutStopSec=2 \
		$berth run --rm --network none --name stubborn $image \
		sh -c 'trap "" TERM; while :; do sleep 0.1; done'
	until_ok berth exec stubborn true
	systemctl --user stop stubborn
	until_ok no_container
	until_ok no_scope
}
no_container() { [ "$(berth ps -aq)" = '' ]; }

# stays_in_the_unit MODE: it is in the unit's cgroup, where systemd counts and ends it.
stays_in_the_unit() {
	local pid
	systemd-run --user --quiet --collect --unit inside -p Delegate=yes \
		$berth run --rm --network none --name inside --cgroups "$1" $image sleep 1000
	until_ok berth exec inside true
	pid=$(berth inspect -f '{{.State.Pid}}' inside)
	like '/inside\.service' "$(cat /proc/$pid/cgroup)"
	systemctl --user stop inside
	same '' "$(berth ps -aq)"
}
# forking_unit FIELD FLAG...: its main process is the one that the field of inspect names.
forking_unit() {
	local field=$1
	shift
	systemd-run --user --quiet --collect --unit forks -p Type=forking -p PIDFile="$HOME/forks.pid" \
		$berth run -d --network none --name forks "$@" $image sleep 1000
	same active "$(systemctl --user show -P ActiveState forks)"
	same "$(berth inspect -f "{{.State.$field}}" forks)" \
		"$(systemctl --user show -P MainPID forks)"
	berth stop -t 0 forks
	until_ok is_inactive forks
	berth rm forks
}
is_inactive() { [ "$(systemctl --user show -P ActiveState "$1")" = inactive ]; }

# notifying_unit FLAG...: as Quadlet and "podman generate systemd" write units.
notifying_unit() {
	systemd-run --user --quiet --unit notifies -p Type=notify -p NotifyAccess=all -p Delegate=yes \
		-p TimeoutStartSec=30 $berth run -d --rm --network none --name notifies \
		--sdnotify=conmon "$@" $image sh -c 'trap "exit 3" TERM; while :; do sleep 0.1; done'
	same active "$(systemctl --user show -P ActiveState notifies)"
	same "$(berth inspect -f '{{.State.ConmonPid}}' notifies)" \
		"$(systemctl --user show -P MainPID notifies)"
	berth stop -t 10 notifies
	until_ok has_failed notifies
	same 3 "$(systemctl --user show -P ExecMainStatus notifies)"
	systemctl --user reset-failed notifies
	same '' "$(berth ps -aq)"
}
has_failed() { [ "$(systemctl --user show -P ActiveState "$1")" = failed ]; }

# In the foreground the command itself is the main process.
notifying_in_front() {
	systemd-run --user --quiet --collect --unit front -p Type=notify -p TimeoutStartSec=30 \
		$berth run --rm --network none --name front --sdnotify=conmon $image \
		sh -c 'trap exit TERM; while :; do sleep 0.1; done'
	same active "$(systemctl --user show -P ActiveState front)"
	systemctl --user stop front
	same '' "$(berth ps -aq)"
}

# The program in the container says when it is ready; busybox can't, perl of the machine can.
notified_from_inside() {
	systemd-run --user --quiet --collect --unit within -p Type=notify -p NotifyAccess=all \
		-p TimeoutStartSec=30 $berth run -d --rm --network none --name within \
		--cgroups split host perl -MSocket -e 'socket(S, PF_UNIX, SOCK_DGRAM, 0);
			$SIG{TERM} = sub { exit };
			send(S, "READY=1\nSTATUS=by itself", 0, sockaddr_un($ENV{NOTIFY_SOCKET})) or die $!;
			sleep 1000'
	same active "$(systemctl --user show -P ActiveState within)"
	same 'by itself' "$(systemctl --user show -P StatusText within)"
	same "$(berth inspect -f '{{.State.ConmonPid}}' within)" \
		"$(systemctl --user show -P MainPID within)"
	systemctl --user stop within
	same '' "$(berth ps -aq)"
}

# socket_activated FLAG...: the unit's socket is the container's, as sd_listen_fds(3) says.
socket_activated() {
	cat >"$HOME/serve.pl" <<-'EOF'
		use IO::Socket;
		$SIG{TERM} = sub { exit };
		my $listener = IO::Socket::INET->new_from_fd(3, 'r+') or die $!;
		while (my $peer = $listener->accept) {
			print $peer "$ENV{LISTEN_FDS} for $ENV{LISTEN_PID}, me $$, $ENV{LISTEN_FDNAMES}\n";
			close $peer;
		}
	EOF
	systemd-run --user --quiet --collect --unit serves --socket-property ListenStream=127.0.0.1:8099 \
		$berth run --rm --network none --name serves "$@" -v "$HOME/serve.pl:/serve.pl" \
		host perl /serve.pl
	same '1 for 1, me 1, serves.socket' \
		"$(timeout 60 bash -c 'exec 3<>/dev/tcp/127.0.0.1/8099; cat <&3')"
	systemctl --user stop serves.socket serves.service
	same '' "$(berth ps -aq)"
}

no_user_namespaces() {
	local said
	said=$(fails 125 systemd-run --user --wait --quiet --pipe --collect -p RestrictNamespaces=yes \
		$berth run --rm --network none hello)
	like 'create user namespace: ' "$said"
	like '^hint: run: berth doctor' "$said"
}

check 'a unit runs a container, whose output is in the journal' unit_runs
check "a container's exit status is its unit's" status_is_the_units
check 'systemctl stop ends the container by its signal, log driver passthrough' unit_stops passthrough
check 'systemctl stop ends the container by its signal, no log' unit_stops none
check 'a container ends with its unit whose client was killed' unit_is_killed
check 'the build for Node runs in a unit' node_build_in_a_unit
check 'a container of a login session has a scope of its own, which goes with it' in_its_own_scope
check 'with --cgroups split a container stays in the cgroup of its unit' stays_in_the_unit split
check 'with --cgroups disabled too' stays_in_the_unit disabled
check 'a unit of Type=forking has the container as its main process' \
	forking_unit Pid --pidfile "$HOME/forks.pid"
check 'the same with --cgroups split' forking_unit Pid --cgroups split --pidfile "$HOME/forks.pid"
check 'or has the supervisor, as generated units want it' \
	forking_unit ConmonPid --cgroups=no-conmon --conmon-pidfile "$HOME/forks.pid"
check 'a unit of Type=notify has started when the container has, and ends with its status' \
	notifying_unit
check 'the same with --cgroups split, as Quadlet has it' notifying_unit --cgroups split
check 'a unit of Type=notify runs a container in the foreground' notifying_in_front
check 'a program in a container tells the unit that it is ready' notified_from_inside
check "a unit's socket is passed to its container, which is started by the first connection" \
	socket_activated
check "the same with --preserve-fds" socket_activated --preserve-fds 1
check 'where user namespaces are refused it is said, with what shows why' no_user_namespaces
