# Root as the caller on Debian's kernel with all controllers: limits, and ports below 1024.
. /mnt/share/guest/lib.sh
echo 'containers:231072:65536' | tee -a /etc/subuid /etc/subgid >/dev/null
berth load -q -i /mnt/share/busybox.tar >/dev/null
image=localhost/busybox
cgroup=/sys/fs/cgroup/berth
# A machine with a network, which leads nowhere.
ip link add out type dummy
ip link set out up
ip address add 10.9.9.1/24 dev out
ip route add default via 10.9.9.2

limits_in_its_own_cgroup() {
	local pid id
	id=$(berth run -d --name box --network none --memory 64m --memory-swap 96m --cpus 0.25 \
		--pids-limit 20 --cpuset-cpus 1 $image sleep 1000)
	same '67108864 33554432 25000 100000 20 1' "$(echo $(berth exec box sh -c 'cd /sys/fs/cgroup
		cat memory.max memory.swap.max cpu.max pids.max cpuset.cpus.effective'))"
	pid=$(berth inspect -f '{{.State.Pid}}' box)
	same "0::/berth/berth-${id:0:12}-1" "$(cat /proc/$pid/cgroup)"
	like "can't fork" "$(fails 2 berth exec box sh -c 'for i in $(seq 30); do sleep 1 & done; wait')"
	berth rm -f -t 0 box
	until_ok [ ! -e "$cgroup/berth-${id:0:12}-1" ]
	same 'commands' "$(find $cgroup -mindepth 1 -type d -printf '%P\n')"
	same '' "$(cat $cgroup/commands/cgroup.procs)"
}

killed_for_memory() {
	fails 137 berth run --name oom --network none --memory 32m $image tail -c 100m /dev/zero
	same 'true 137' "$(berth inspect -f '{{.State.OOMKilled}} {{.State.ExitCode}}' oom)"
	berth rm oom
}

parents() {
	local said parent
	for parent in machine.slice /machine; do
		said=$(fails 125 berth run --rm --network none --cgroup-parent $parent $image true)
		like "\"$parent\": root's containers are limited below $cgroup" "$said"
		like "^hint: --cgroup-parent /berth/${parent#/}" "$said"
	done
	[ ! -e /sys/fs/cgroup/machine ]
	same 77 "$(berth run --rm --network none --cgroup-parent /berth/group --pids-limit 77 $image \
		cat /sys/fs/cgroup/pids.max)"
}

# As a unit of the system's systemd; its commands stay in the unit, its container where root's are.
in_a_unit() {
	local pid
	systemd-run --quiet --collect --unit web /mnt/share/dist/berth run --rm --name web \
		--network none --memory 32m $image sh -c 'trap "exit 0" TERM; while :; do sleep 0.1; done'
	until_ok berth exec web true
	same '0::/system.slice/web.service' "$(cat "/proc/$(systemctl show -P MainPID web)/cgroup")"
	pid=$(berth inspect -f '{{.State.Pid}}' web)
	like '^0::/berth/berth-' "$(cat /proc/$pid/cgroup)"
	systemctl stop web
	same '' "$(berth ps -aq)"
}

low_ports() {
	berth run -d --name web -p 80:80 -p 127.0.0.1:443:80 -p 10.9.9.1:53:53/udp $image sh -c \
		'mkdir /www; echo served >/www/index.html; httpd -f -v -h /www 2>&1'
	same served "$(busybox wget -qO- http://10.9.9.1/)"
	same served "$(busybox wget -qO- http://127.0.0.1:443/)"
	# The address of who asked, and no other.
	like '10\.9\.9\.1\]?:[0-9]+: ' "$(berth logs web)"
	berth rm -f -t 0 web
	like '^ok .*ports from 1 on can be published' "$(berth doctor)"
}

low_ports_of_nobody_else() {
	berth run -d --name user --network host --user 5 $image sleep 1000
	like 'Permission denied' "$(fails 1 berth exec user nc -l -p 81)"
	berth rm -f -t 0 user
	like 'Permission denied' "$(fails 1 runuser -u alice -- busybox nc -l -p 81)"
	like 'Permission denied' "$(fails 1 setpriv --reuid 231072 --clear-groups busybox nc -l -p 81)"
}

# Where it is not to be had, the line that mends it has the port.
low_ports_refused() {
	local said
	said=$(fails 125 berth run --rm --cgroups disabled -p 53:53/udp $image true)
	like 'publish port "0.0.0.0:53/udp": permission denied' "$said"
	like '^hint: .*sysctl -w net.ipv4.ip_unprivileged_port_start=53$' "$said"
	eval "$(printf '%s\n' "$said" | sed -n 's/^hint: .*as an administrator: //p')"
	berth run --rm --cgroups disabled -p 53:53/udp $image true
}

check "root's limits are in force in a cgroup below /sys/fs/cgroup/berth, which goes" \
	limits_in_its_own_cgroup
check "root's container that the kernel kills for memory says so" killed_for_memory
check 'a cgroup parent is below that of root, or refused, and nothing is made' parents
check "a unit of root's keeps its command, and stop leaves nothing" in_a_unit
check 'root publishes ports below 1024, and the address of the client is kept' low_ports
check "nobody has them but root of root's containers" low_ports_of_nobody_else
check 'where they are refused the hint opens that port' low_ports_refused
