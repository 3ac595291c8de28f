# Containers as units of the machine's systemd, by root.
. /mnt/share/guest/lib.sh
echo 'containers:231072:65536' | tee -a /etc/subuid /etc/subgid >/dev/null
berth load -q -i /mnt/share/busybox.tar >/dev/null
image=localhost/busybox
berth=/mnt/share/dist/berth
server='trap "echo ended; exit 0" TERM; echo started; while :; do sleep 0.1; done'

unit() {
	{ echo '[Service]'; cat; } >"/etc/systemd/system/$1.service"
	systemctl daemon-reload
}
journal_has() { journalctl --quiet -o cat -u "$1" | grep -qE "$2"; }
runs_anew() { [ "$(berth inspect -f '{{.ID}}' "$1")" != "$2" ] && berth exec "$1" true; }
is_over() { ! systemctl is-active --quiet "$1"; }

restarted() {
	local id
	unit web <<-END
		Type=exec
		ExecStart=$berth run --rm --replace --name web --network none $image sh -c '$server'
		ExecStop=$berth stop web
		Restart=always
		RestartSec=100ms
	END
	systemctl start web
	until_ok berth exec web true
	id=$(berth inspect -f '{{.ID}}' web)
	berth kill -s KILL web
	until_ok runs_anew web "$id"
	id=$(berth inspect -f '{{.ID}}' web)
	kill -9 "$(systemctl show -P MainPID web)"
	until_ok runs_anew web "$id"
	systemctl stop web
	same '' "$(berth ps -aq)"
	until_ok journal_has web '^ended$'
}

stopped_by_its_signal() {
	unit plain <<-END
		KillMode=$1
		ExecStart=$berth run --rm --name plain --network none $image sh -c '$server'
	END
	systemctl start plain
	until_ok berth exec plain true
	systemctl stop plain
	until_ok journal_has plain '^ended$'
	same '' "$(berth ps -aq)"
	same inactive "$(systemctl show -P ActiveState plain)"
}

# forking FLAGS: the pid file is root's, so that systemd believes it.
forking() {
	unit fork <<-END
		Type=forking
		Delegate=yes
		PIDFile=/run/fork.pid
		ExecStart=$berth run -d --rm --name fork --network none $* --pidfile /run/fork.pid $image sleep 1000
		ExecStop=$berth stop -t 0 fork
	END
	systemctl start fork
	same "$(berth inspect -f '{{.State.Pid}}' fork)" "$(systemctl show -P MainPID fork)"
	systemctl stop fork
	same '' "$(berth ps -aq)"
}

ends_with_its_container() {
	forking --cgroups split
	systemctl start fork
	like '/fork\.service' "$(cat "/proc/$(systemctl show -P MainPID fork)/cgroup")"
	berth stop -t 0 fork
	until_ok is_over fork
}

# Root of the container is a subordinate id: the socket passes through the change to it.
socket_activated() {
	systemd-run --quiet --collect --unit serves --socket-property ListenStream=127.0.0.1:8098 \
		$berth run --rm --network none --name serves $image sleep 1000
	timeout 5 bash -c ': </dev/tcp/127.0.0.1/8098' || :
	until_ok berth exec serves true
	same '1 for 1' "$(berth exec serves sh -c 'tr "\0" "\n" </proc/1/environ' |
		sed -n 's/^LISTEN_FDS=//p;s/^LISTEN_PID=/for /p' | paste -sd' ')"
	like '^socket:' "$(berth exec serves readlink /proc/1/fd/3)"
	berth stop -t 0 serves
	systemctl stop serves.socket serves.service
	same '' "$(berth ps -aq)"
}

nothing_is_left() { until_ok fails 1 pgrep -u 231072; }

check 'a unit runs anew when its container or its client is killed, and stop leaves nothing' restarted
check 'stop ends the container by its signal' stopped_by_its_signal control-group
check 'stop ends the container by its signal, KillMode=process' stopped_by_its_signal process
check 'a unit of Type=forking has the container as its main process' forking
check 'with --cgroups split it ends with its container' ends_with_its_container
check "a unit's socket is passed to its container" socket_activated
check 'no process is left' nothing_is_left
