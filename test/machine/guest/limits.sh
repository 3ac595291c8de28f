# Limits in force, by alice on Debian's kernel with all controllers delegated.
. /mnt/share/guest/lib.sh
berth load -q -i /mnt/share/busybox.tar >/dev/null
image=localhost/busybox

limits_in_a_scope() {
	local got
	got=$(berth run --rm --network none --memory 64m --memory-swap 96m --cpus 0.25 --pids-limit 20 \
		--cpuset-cpus 1 $image sh -c '
			cd /sys/fs/cgroup
			for file in memory.max memory.swap.max cpu.max pids.max cpuset.cpus.effective; do
				cat $file
			done
			nproc
			timeout 1 sh -c "while :; do :; done"
			grep nr_throttled cpu.stat
			for i in $(seq 30); do sleep 1 & done; wait' 2>&1) || :
	same '67108864 33554432 25000 100000 20 1 1' "$(echo $(printf '%s\n' "$got" | head -n 6))"
	like 'nr_throttled [1-9]' "$got"
	like "can't fork" "$got"
}

disk_limits_in_a_scope() {
	local disk numbers got
	disk=/dev/$(lsblk -dno NAME | head -n 1)
	numbers=$(lsblk -dno MAJ:MIN "$disk" | tr -d ' ')
	got=$(berth run --rm --network none --cpuset-mems 0 --memory 64m --cgroup-parent berth.slice \
		--cpu-period 50000 --cpu-quota 25000 --device-read-bps "$disk:1mb" \
		--device-write-iops "$disk:50" $image sh -c '
			cd /sys/fs/cgroup
			cat cpuset.mems.effective cpu.max memory.swap.max io.max')
	same "0 25000 50000 67108864 $numbers rbps=1048576 wbps=max riops=max wiops=50" "$(echo $got)"
}

parent_is_a_slice() {
	local pid
	berth run -d --name sliced --network none --cgroup-parent berth.slice $image sleep 1000
	pid=$(berth inspect -f '{{.State.Pid}}' sliced)
	like '/berth.slice/berth-.*\.scope' "$(cat /proc/$pid/cgroup)"
	same berth.slice "$(berth inspect -f '{{.HostConfig.CgroupParent}}' sliced)"
	berth rm -f -t 0 sliced
}

limit_that_cannot_be_set() {
	like 'set limit|ask systemd' \
		"$(fails 125 berth run --rm --network none --cgroup-parent 'a b.slice' $image true)"
}

# What is in the unit's cgroup moves aside, for the container's to be limited below it.
limits_in_a_unit() {
	local cgroup
	systemd-run --user --quiet --collect --unit limited -p Type=notify -p NotifyAccess=all \
		-p Delegate=yes $(command -v berth) run -d --rm --network none --name limited \
		--sdnotify conmon --cgroups split --memory 50m $image sleep 1000
	cgroup=$(berth inspect -f '{{.State.CgroupPath}}' limited)
	like '/limited\.service/berth-' "$cgroup"
	same 52428800 "$(cat "/sys/fs/cgroup$cgroup/memory.max")"
	same "$(berth inspect -f '{{.State.ConmonPid}}' limited)" \
		"$(systemctl --user show -P MainPID limited)"
	systemctl --user stop limited
	same '' "$(berth ps -aq)"
}

killed_for_memory() {
	berth run -d --name oom --network none --memory 32m $image tail -c 100m /dev/zero
	same 137 "$(berth wait oom)"
	same 'true 137' "$(berth inspect -f '{{.State.OOMKilled}} {{.State.ExitCode}}' oom)"
	berth rm oom
}

# The kernel chooses the supervisor before each of the programs that share the memory.
supervisor_killed_for_memory() {
	local supervisor kills
	berth run -d --name orphan --network none --memory 32m $image sh -c '
		! test -e /full || exec sleep 1000
		until test -e /full; do sleep 0.1; done
		for i in 1 2 3 4; do tail -c 100m /dev/zero & done; wait'
	supervisor=$(berth inspect -f '{{.State.ConmonPid}}' orphan)
	kills=$(memory_kills)
	echo 1000 >"/proc/$supervisor/oom_score_adj"
	berth exec orphan touch /full
	until_ok is_gone "$supervisor"
	[ "$(memory_kills)" -gt "$kills" ]
	like 'its supervisor was killed' "$(fails 255 berth exec orphan true)"
	berth start orphan
	same running "$(berth inspect -f '{{.State.Status}}' orphan)"
	berth rm -f -t 0 orphan
	like 'nothing is wrong' "$(berth system check)"
}
is_gone() { [ ! -e "/proc/$1" ]; }
memory_kills() { sed -n 's/^oom_kill //p' "/sys/fs/cgroup/user.slice/user-$UID.slice/memory.events"; }

exec_is_limited() {
	local pid
	berth run -d --name box --network none --memory 32m $image sleep 1000
	pid=$(berth inspect -f '{{.State.Pid}}' box)
	like "app.slice/berth-.*\.scope" "$(cat /proc/$pid/cgroup)"
	same '0::/' "$(berth exec box cat /proc/self/cgroup)"
	fails 137 berth exec box tail -c 100m /dev/zero
	same 2048 "$(berth exec box cat /sys/fs/cgroup/pids.max)"
	same running "$(berth inspect -f '{{.State.Status}}' box)"
	berth pause box
	same paused "$(berth inspect -f '{{.State.Status}}' box)"
	berth unpause box
	berth rm -f -t 0 box
}

nothing_is_left() {
	until_ok no_scope
}
no_scope() { [ "$(systemctl --user list-units --all --plain --no-legend 'berth-*' | wc -l)" = 0 ]; }

delegated_without_systemd() {
	systemd-run --user --scope --quiet -p Delegate=yes bash -ec '
		unset XDG_RUNTIME_DIR DBUS_SESSION_BUS_ADDRESS
		folder=/sys/fs/cgroup$(sed -n s/^0:://p /proc/self/cgroup)
		mkdir "$folder/caller"; echo $$ >"$folder/caller/cgroup.procs"
		echo "+memory +pids" >"$folder/cgroup.subtree_control"
		berth run --rm --network none --memory 40m '$image' cat /sys/fs/cgroup/memory.max
		mkdir "$folder/box"
		berth run --rm --network none --cgroup-parent "${folder#/sys/fs/cgroup}/box" \
			--pids-limit 77 '$image' cat /sys/fs/cgroup/pids.max
		berth run --rm --network none --cpuset-cpus 999 '$image' true || echo "status $?"
		berth run --rm --network none --privileged --memory 40m '$image' \
			mkdir -p /sys/fs/cgroup/own/below && echo nested
		find "$folder" -name "berth-*"' >"$HOME/delegated" 2>&1
	like '^nested$' "$(cat "$HOME/delegated")"
	like '^41943040$' "$(cat "$HOME/delegated")"
	like '^77$' "$(cat "$HOME/delegated")"
	like 'controllers .*cpuset are not delegated' "$(cat "$HOME/delegated")"
	! grep 'scope/berth-' "$HOME/delegated"
}

# As in a container that may write its cgroup: the root of all that it sees is not the machine's.
below_an_outer_root() {
	systemd-run --user --scope --quiet -p Delegate=yes bash -ec '
		unset XDG_RUNTIME_DIR DBUS_SESSION_BUS_ADDRESS
		berth unshare unshare --cgroup --mount bash -ec "
			mount -t tmpfs none /sys/fs/cgroup
			mount -t cgroup2 none /sys/fs/cgroup
			cd /sys/fs/cgroup
			limited() { berth run --rm --network none --memory 40m '$image' cat /sys/fs/cgroup/memory.max; }
			limited
			mkdir init
			for pid in \$(cat cgroup.procs); do echo \$pid >init/cgroup.procs || :; done
			echo +memory +pids >cgroup.subtree_control
			limited
			ls -d berth-* || :"' >"$HOME/outer" 2>&1
	like 'not limited: the cgroup of this container has processes itself' "$(cat "$HOME/outer")"
	like '^41943040$' "$(cat "$HOME/outer")"
	like "cannot access 'berth-" "$(cat "$HOME/outer")"
}

not_limited_and_why() {
	unset XDG_RUNTIME_DIR DBUS_SESSION_BUS_ADDRESS
	like 'resources are not limited: no systemd session, and the controllers .*memory' \
		"$(berth run --rm --network none --memory 40m $image true 2>&1)"
	like 'resources are not limited: no systemd session, and the controllers .*pids' \
		"$(berth run --rm --network none --pids-limit 20 $image true 2>&1)"
}

# many_layers ID NUMBER: starts the container as its plan says, but with that many layers.
many_layers() {
	local folder=~/.local/share/berth/v1/containers/$1 layers=$HOME/layers number=$2
	seq "$number" | tail -n +2 | sed "s,^,$layers/," | tr '\n' '\0' >"$HOME/list"
	sed -z -e "/^overlay 3\$/{s//overlay $((number + 2))/;n;n;n;r $HOME/list" -e '}' \
		"$HOME/plan" >"$folder/plan"
	rm -rf "$folder/runs" "$folder/log"
	berth-native launch --plan "$folder/plan" --attach stdout,stderr --sig-proxy 1
}
layers_by_mount() {
	local id
	id=$(berth run -d --network none $image sh -c 'echo $(ls /layers | wc -l) layers')
	berth wait "$id"
	cp ~/.local/share/berth/v1/containers/"$id"/plan "$HOME/plan"
	mkdir "$HOME/layers"
	(cd "$HOME/layers" && seq 501 | sed 's,.*,&/layers/&,' | xargs mkdir -p)
	same '126 layers' "$(many_layers "$id" 127 | tail -n 1)"
	same '499 layers' "$(many_layers "$id" 500 | tail -n 1)"
	like 'more than 500 layers' "$(fails 125 many_layers "$id" 501)"
	berth rm -f -a
}

awkward_path() {
	local root="$HOME/a:b, c\\d\"e"
	berth --root "$root" load -q -i /mnt/share/busybox.tar
	same written "$(berth --root "$root" run --rm --network none $image sh -c \
		'echo written >/file; cat /file')"
	berth --root "$root" system reset --force
}

check 'memory, swap, processors and processes are limited in a scope of systemd' limits_in_a_scope
check 'disks, memory nodes and periods are limited in a scope of systemd' disk_limits_in_a_scope
check 'a container is in the slice that it is to be in' parent_is_a_slice
check 'a limit that was asked for and cannot be set is an error' limit_that_cannot_be_set
check 'with --cgroups split a unit limits its container' limits_in_a_unit
check 'the kernel kills for memory: 137, and inspect says so' killed_for_memory
check 'one whose supervisor the kernel kills for memory can be started again' \
	supervisor_killed_for_memory
check 'exec is limited with its container; an untold number of processes is 2048' exec_is_limited
check 'no scope is left' nothing_is_left
check 'without systemd a delegated cgroup limits' delegated_without_systemd
check 'so does one below the root that a container sees, and where it cannot it says why' \
	below_an_outer_root
check 'without either the container runs, and the warning says why it is not limited' \
	not_limited_and_why
check 'overlay by mount(2): 127 layers, 500, and more are refused' layers_by_mount
check 'overlay by mount(2): a path with colon, comma, space, backslash and quote' awkward_path
