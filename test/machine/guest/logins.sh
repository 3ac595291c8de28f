# Logins and logouts, by root: bob does not linger, alice does; carol has no subordinate ids.
. /mnt/share/guest/lib.sh
image=localhost/busybox

# What runs in a user's systemd ends ten seconds after the last logout; here at once.
mkdir -p /etc/systemd/logind.conf.d
printf '[Login]\nUserStopDelaySec=0\n' >/etc/systemd/logind.conf.d/lab.conf
systemctl restart systemd-logind
useradd -m -s /bin/bash carol
sed -i /^carol:/d /etc/subuid /etc/subgid

# login USER SCRIPT: in a session of its own that ends with the script.
login() {
	local status=0
	systemd-run --quiet --pipe --wait --collect --uid="$1" -p WorkingDirectory='~' -p PAMName=login \
		-E "PATH=$PATH" bash -c "$2" </dev/null || status=$?
	return $status
}
# su_to USER SCRIPT: as with su or sudo, without a session or a runtime folder.
su_to() { env -u XDG_RUNTIME_DIR -u DBUS_SESSION_BUS_ADDRESS runuser -u "$1" -- env HOME="/home/$1" "PATH=$PATH" bash -c "cd; $2"; }
manager_is_gone() { ! systemctl is-active --quiet "user@$(id -u "$1").service"; }

told_once() {
	local told
	told=$(login bob "berth load -q -i /mnt/share/busybox.tar
		berth run -d --name one --network none $image sleep 1000
		echo second; berth run -d --name two --network none $image sleep 1000" 2>&1)
	same 1 "$(printf '%s\n' "$told" | grep -c 'loginctl enable-linger bob')"
	like 'enable-linger' "$(printf '%s\n' "$told" | sed '/^second$/,$d')"
}

ended_with_the_session() {
	until_ok manager_is_gone bob
	until_ok fails 1 pgrep -u bob -x sleep
	same '' "$(login bob 'berth ps -q')"
	same 2 "$(login bob 'berth ps -aq | wc -l')"
	login bob 'berth start one && berth exec one true && berth rm -f -t 0 one two'
}

stays_with_linger() {
	login alice "berth load -q -i /mnt/share/busybox.tar
		berth run -d --name stays --network none $image sleep 1000" >/root/out 2>&1
	fails 1 grep linger /root/out
	sleep 1
	login alice 'berth exec stays true && berth rm -f -t 0 stays'
}

without_a_session() {
	like '^Warning: resources are not limited: .*memory' \
		"$(su_to carol "berth load -q -i /mnt/share/busybox.tar
			berth run -d --name su --network none --memory 50m $image sleep 1000" 2>&1)"
	like 'Up ' "$(su_to carol 'berth ps')"
	same inside "$(su_to carol 'berth exec su echo inside; berth rm -f -t 0 su >/dev/null')"
}

one_id() {
	same '0 1003 1' "$(echo $(su_to carol "berth run --rm --network none $image cat /proc/self/uid_map"))"
	like 'processMap: single' "$(su_to carol 'berth info')"
	like 'Hello from a container' "$(su_to carol 'berth run --rm --network none hello')"
}

check 'who does not linger is told once in a session what ends with it' told_once
check 'at logout containers end; later they are listed, start again and go' ended_with_the_session
check 'with linger they stay' stays_with_linger
check 'without a session and a runtime folder all works but limits, and it is said why' \
	without_a_session
check 'without subordinate ids one id is mapped' one_id
