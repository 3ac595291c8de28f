# The machine's root as the caller. The range is that of the line that root is told to type.
. /mnt/share/guest/lib.sh
image=localhost/busybox
first=231072

hello() { berth run --rm --network none hello; }

refused_without_ids() {
	local said command
	for command in 'run --rm hello' 'ps -a' 'volume create x' 'system reset -f'; do
		# shellcheck disable=SC2086 # words
		said=$(fails 125 berth $command)
		like 'uid 0 is never mapped' "$said"
		like "^hint: echo 'containers:$first:65536' | tee -a /etc/subuid /etc/subgid" "$said"
	done
	like "administrator: echo 'containers:$first:65536'" "$(fails 2 berth doctor)"
	like 'processMap: .?none' "$(berth info)"
	[ ! -e /var/lib/berth ] && [ ! -e /run/berth ] && [ ! -e /root/.local/share/berth ]
	# Root is who he is, under whatever number.
	like 'uid 0 is never mapped' \
		"$(fails 125 unshare --user --map-user=5 --map-group=5 berth run --rm hello)"
}

others_ids_refused() {
	cp /etc/subuid /root/subuid
	echo "root:100000:65536" >>/etc/subuid
	echo "root:100000:65536" >>/etc/subgid
	like 'is also a subordinate uid of "alice"' "$(fails 125 hello)"
	sed -i "s/^root:.*/root:$(id -u bob):65536/" /etc/subuid
	like 'is also the uid of "bob"' "$(fails 125 hello)"
	cp /root/subuid /etc/subuid
	sed -i /^root:/d /etc/subgid
	[ ! -e /var/lib/berth ]
}

runs_with_the_line() {
	eval "$(fails 125 berth run --rm hello | sed -n 's/^hint: //p')"
	like 'Hello from a container' "$(hello 2>/dev/null)"
	berth load -q -i /mnt/share/busybox.tar
	same "0 $first 65536" "$(echo $(berth run --rm --network none $image cat /proc/self/uid_map))"
	same "0 $first 65536" "$(echo $(berth run --rm --network none $image cat /proc/self/gid_map))"
	for folder in /var/lib/berth /var/lib/berth/v1 /run/berth; do
		same "$first $first 700" "$(stat -c '%u %g %a' "$folder")"
	done
	same '' "$(find /var/lib/berth /run/berth -user 0)"
	berth run --rm --network none -v data:/x $image sh -c 'touch /x/roots; chown 7:8 /x; id -u'
	same '7 8' "$(berth run --rm --network none -v data:/x $image stat -c '%u %g' /x)"
	berth volume rm data
}

# Of every process, but kernel's and systemd's, that is there because of berth.
has_no_rights() {
	local pid=$1 status
	status=$(cat "/proc/$pid/status")
	like "^Uid:	$first	$first	$first	$first$" "$status"
	like "^Gid:	$first	$first	$first	$first$" "$status"
	like '^Groups:	 *$' "$status"
	# Capabilities in a user namespace of their own are none of the machine's.
	[ "$(readlink "/proc/$pid/ns/user")" != "$(readlink /proc/1/ns/user)" ] ||
		[ "$(printf '%s\n' "$status" | sed -n 's/^Cap\(Inh\|Prm\|Eff\|Amb\):	//p' | sort -u)" = 0000000000000000 ]
}

no_rights_left() {
	local pid count=0 client
	berth run -d --name bg --network slirp4netns $image sleep 1000
	berth run --rm --name fg --network none $image sleep 1000 >/root/fg 2>&1 &
	client=$!
	until_ok berth exec fg true
	berth exec -d bg sleep 1000
	has_no_rights "$client"
	for pid in $(pgrep -u "$first"); do
		has_no_rights "$pid"
		count=$((count + 1))
	done
	# Two supervisors, their programs and one of exec, the network helper, the client.
	[ "$count" -ge 7 ]
	same '' "$(pgrep -u 0 -x 'berth|berth-native|pasta|slirp4netns|node')"
	berth rm -f -t 0 bg fg
	wait "$client" || :
	until_ok fails 1 pgrep -u "$first"
}

files_are_roots() {
	local said
	cd /root
	berth create -q --name made --cidfile /root/cid --network none $image true
	same '0 0 644' "$(stat -c '%u %g %a' cid)"
	berth save -q -o /root/saved.tar $image
	berth save -q --format oci-dir -o /root/saved $image
	berth export -o /root/tree.tar made
	same '' "$(find cid saved saved.tar tree.tar ! -user 0)"
	berth rm made
	chmod 700 saved
	berth load -q -i saved.tar
	berth load -q -i saved
	rm -rf cid saved saved.tar tree.tar
}

binds() {
	local said folder=/srv/bound
	run() { berth run --rm --network none "$@"; }
	mkdir -p /root/bound $folder/in
	said=$(fails 125 run -v /root/bound:/x $image true)
	like "uid $first on this machine, who may not enter \"/root\"" "$said"
	like '^hint: chmod o\+x "/root"' "$said"
	# What all may read, containers may.
	echo text >$folder/file
	same text "$(run -v $folder:/x $image cat /x/file)"
	fails 1 run -v $folder:/x $image touch /x/new
	chmod 700 $folder
	said=$(fails 125 run -v $folder:/x $image true)
	like "uid $first on this machine, who may not read it" "$said"
	like "^hint: chown -R $first:$first \"$folder\", or let berth do it: -v $folder:PATH:U" "$said"
	# What belongs to the system is not given away.
	mkdir -m 700 /etc/bound
	said=$(fails 125 run -v /etc/bound:/x $image true)
	like "^hint: bind a copy of it: cp -R \"/etc/bound\" /srv/COPY && chown -R $first:$first" "$said"
	rmdir /etc/bound
	# Nobody's link leads the change of owner elsewhere.
	ln -s /etc/passwd $folder/in/link
	run -v $folder:/x:U --user 5:6 $image touch /x/in/new
	same "$((first + 5)) $((first + 6))" "$(stat -c '%u %g' $folder/file)"
	same "$((first + 5)) $((first + 6))" "$(stat -c '%u %g' $folder/in/new)"
	same 0 "$(stat -c %u /etc/passwd)"
	run -v $folder:/x $image rm /x/file
	rm -r /root/bound $folder
}

files_of_a_run() {
	cd /root
	same 'from 3' "$(berth run --rm --network none --preserve-fds 1 $image sh -c 'cat <&3' 3<<<'from 3')"
	berth run -d --name run --network none --pidfile /root/pid --cidfile /root/cid $image sleep 1000
	same "$(berth inspect -f '{{.State.Pid}}' run)" "$(cat pid)"
	same '0 0 644' "$(stat -c '%u %g %a' pid)"
	# Who is refused does not spoil it; after a reboot it is made again.
	berth start run
	same "$(berth inspect -f '{{.State.Pid}}' run)" "$(cat pid)"
	berth stop -t 0 run
	rm pid
	berth start run
	same '0 0 644' "$(stat -c '%u %g %a' pid)"
	berth rm -f -t 0 run
	# Nobody's link leads it elsewhere.
	ln -sf /etc/passwd pid
	like 'write "/root/pid"' "$(fails 125 berth run --rm --network none --pidfile /root/pid $image true)"
	like '^root:' "$(cat /etc/passwd)"
	same '' "$(berth ps -aq)"
	rm pid cid
}

copy_of_a_secret() {
	local said
	install -m 600 /dev/null /srv/secret
	said=$(fails 125 berth run --rm --network none -v /srv/secret:/s $image true)
	eval "$(printf '%s\n' "$said" | sed -n 's/^hint: bind a copy of it: //p')"
	berth run --rm --network none -v /srv/COPY:/s $image cat /s
	rm /srv/secret /srv/COPY
}

networks() {
	# A machine with a network, which leads nowhere.
	ip tuntap add dev out mode tap
	ip link set out up
	ip address add 10.9.9.1/24 dev out
	ip route add default via 10.9.9.2
	berth run -d --name web -p 8080:80 $image sh -c \
		'mkdir /www; echo served >/www/index.html; httpd -f -v -h /www 2>&1'
	until_ok busybox wget -qO /dev/null http://10.9.9.1:8080/
	same served "$(busybox wget -qO- http://10.9.9.1:8080/)"
	like '10\.9\.9\.1\]?:[0-9]+: ' "$(berth logs web)"
	same served "$(berth run --rm --network container:web $image wget -qO- http://127.0.0.1/)"
	like '^default ' "$(berth run --rm $image ip route)"
	berth rm -f -t 0 web
	ip link delete out
}

until_ended() {
	for _ in $(seq 100); do
		[ "$(berth inspect -f '{{.State.Status}}' "$1")" != exited ] || return 0
		sleep 0.1
	done
}

terminals() {
	local said
	berth run -dit --name shell --network none $image sh
	# The end of its input is a letter that script types.
	like '/dev/pts/' "$(script -qec 'berth exec -it shell tty' /dev/null </dev/null | tr -d '\r')"
	said=$(printf 'echo hello $((1+1))\nexit 5\n' | { sleep 2; cat; until_ended shell; } |
		fails 5 script -qec 'berth attach shell' /dev/null)
	like 'hello 2' "$said"
	like 'hello 2' "$(berth logs shell)"
	berth rm shell
}

node_build() {
	local node='node /mnt/share/dist/berth.cjs'
	same "$first" "$($node run --rm --network none $image sh -c \
		'while read a b c; do echo $b; done </proc/self/uid_map')"
	$node run -d --name by-node --network none $image sleep 1000
	same inside "$(berth exec by-node echo inside)"
	$node rm -f -t 0 by-node
}

unshares() {
	berth run -d --name out --network none $image sleep 1000
	like ' out$' "$(berth unshare berth ps)"
	same nested "$(berth unshare berth run --rm --network none $image echo nested)"
	berth unshare berth rm -f -t 0 out
	same '' "$(berth ps -aq)"
	# The variable alone, by whomever, changes nothing.
	like 'graphRoot: /home/alice/' "$(runuser -u alice -- env BERTH_ROOT_CALLER=1 HOME=/home/alice \
		"PATH=$PATH" berth unshare berth info)"
}

# What killed supervisors leave, and that with a boot comes a new runtime folder and no cgroup.
after_a_reboot() {
	berth run -d --name kept --network none $image sleep 1000
	berth run -d --rm --name gone --network none $image sleep 1000
	kill -9 $(pgrep -u "$first")
	until_ok fails 1 pgrep -u "$first"
	rm -rf /run/berth
	find /sys/fs/cgroup/berth -depth -type d -exec rmdir {} + || :
	like 'Exited .* kept$' "$(berth ps -a)"
	berth start kept
	same inside "$(berth exec kept echo inside)"
	berth rm -f -t 0 -a
}

other_maps() {
	like 'keep-id.*you are root' "$(fails 125 berth run --rm --userns keep-id $image true)"
	local maps
	maps=$(berth run --rm --network none --userns auto:size=100 $image cat /proc/self/uid_map)
	like '^ *0 +1 +100$' "$maps"
	same 0 "$(berth run --rm --network none --userns nomap $image id -u)"
}

# As after sudo that keeps the user's environment.
sudo_keeps_the_users_folders() {
	local -x HOME=/home/alice XDG_RUNTIME_DIR=/run/user/1001 SUDO_UID=1001 SUDO_USER=alice
	local -x XDG_CONFIG_HOME=/home/alice/.config XDG_DATA_HOME=/home/alice/.local/share
	find /home/alice /run/user/1001 -printf '%p %T@\n' | sort >/root/before
	cd /home/alice
	berth run -d --name sudo --network none $image sleep 1000
	berth exec sudo true
	berth rm -f -t 0 sudo
	berth save -q $image >/root/saved.tar
	berth doctor >/dev/null || :
	find /home/alice /run/user/1001 -printf '%p %T@\n' | sort | diff /root/before -
	rm /root/before /root/saved.tar
}

folders_of_others() {
	local said
	sudo_keeps_the_users_folders
	like 'graphRoot: /var/lib/berth/v1' \
		"$(HOME=/home/alice XDG_DATA_HOME=/home/alice/data XDG_RUNTIME_DIR=/run/user/1001 berth info)"
	said=$(HOME=/home/alice fails 125 berth login -u a -p b localhost:1)
	[ ! -e /home/alice/.config ] && [ ! -e /home/alice/data ]
	said=$(fails 125 berth --root /home/alice/store ps)
	like 'belongs to uid 1001' "$said"
	[ ! -e /home/alice/store ]
	said=$(fails 125 berth --root /root/store ps)
	like 'may not enter "/root"' "$said"
	# An empty folder that root made for it is taken over.
	mkdir -p /srv/store
	berth --root /srv/store --runroot /srv/run volume create mine
	same "$first" "$(stat -c %u /srv/store)"
	berth --root /srv/store --runroot /srv/run system reset -f
	rm -rf /srv/store /srv/run
}

resets() {
	berth run -d --name left --network none $image sleep 1000
	berth system reset -f
	[ ! -e /var/lib/berth/v1 ]
	until_ok fails 1 pgrep -u "$first"
}

linked_machine_id() {
	mv /etc/machine-id /var/lib/machine-id
	ln -s /var/lib/machine-id /etc/machine-id
	berth run --rm --network none $image true
	mv /var/lib/machine-id /etc/machine-id
}

claims_nothing_for_others() {
	like 'graphRoot: /home/alice/' "$(runuser -u alice -- env BERTH_ROOT_CALLER=1 \
		HOME=/home/alice "PATH=$PATH" berth info)"
	fails 125 runuser -u alice -- /mnt/share/dist/berth-native become 5 5 /bin/sh sh -c true
}

check 'without ids for containers root is told the line that gives them, and nothing is made' \
	refused_without_ids
check "a range whose first id is another user's is refused by name" others_ids_refused
check "with it root's containers consist of the range, and so does the store" runs_with_the_line
check 'nothing that stays has uid 0 or a capability of the machine' no_rights_left
check 'who is not root can claim nothing by the variable or the applet' claims_nothing_for_others
check 'what root has written, he has; what only he may read is read' files_are_roots
check 'binds that nobody inside could use are refused with a way out; :U gives them' binds
check 'pid file, cid file and descriptors are those of root' files_of_a_run
check 'a file that only root may read is bound as a copy, as the hint says' copy_of_a_secret
check 'networks: a published port with the address of the client, container:, a default route' networks
check 'exec -it, attach and logs of a container with a terminal' terminals
check 'the build for Node serves root as well' node_build
check "in unshare berth finds root's store" unshares
check 'where /etc/machine-id is a link containers run too' linked_machine_id
check 'after a reboot containers are listed as ended, and start' after_a_reboot
check 'keep-id is refused, auto and nomap are as for users' other_maps
check "no folder of another user's is used, whatever HOME and XDG variables say" folders_of_others
check 'reset ends and removes everything' resets
