# A home with a quota, by root: ext4 counts what alice has, and says EDQUOT where others say ENOSPC.
# What fails says what it was and why, loses nothing and leaves nothing; with a larger quota all
# goes on.
. /mnt/share/guest/lib.sh
image=localhost/busybox
full='disk quota exceeded$'
hint='^hint: berth system prune --all makes room, and berth --root DIRECTORY chooses another disk; '

truncate -s 400M /srv/disk
/sbin/mke2fs -q -t ext4 -O quota /srv/disk
mkdir /quota
mount -o usrquota /srv/disk /quota
chown alice /quota

# limit KIB
limit() { xfs_quota -f -x -c "limit -u bhard=${1}k alice" /quota; }
# leave KIB: as much is left of what alice may have.
leave() {
	local used
	used=$(xfs_quota -f -x -c 'quota -u -N -b -v alice' /quota | awk '{ print $2 }')
	limit $((used + $1))
}

# on SCRIPT: as alice, whose data is there.
on() {
	runuser -u alice -- env XDG_RUNTIME_DIR=/run/user/1001 XDG_DATA_HOME=/quota PATH="$PATH" \
		bash -euc "cd /; $1"
}

# refused WHAT COMMAND: it fails, says WHAT failed and how to make room, and leaves nothing.
refused() {
	local output
	output=$(fails 125 on "$2")
	like "^Error: $1.*: $full" "$output"
	like "$hint" "$output"
	whole
}
whole() {
	on 'berth system check'
	same '' "$(on 'cd /quota/berth/v1; find staging trash -mindepth 1')"
}

no_room_to_load() {
	limit 1000
	refused 'load "/mnt/share/busybox.tar"' 'berth load -q -i /mnt/share/busybox.tar'
	same '' "$(on 'berth images -q')"
	limit 20000
	on 'berth load -q -i /mnt/share/busybox.tar'
	on "berth save -q --format oci-dir -o /quota/pulled $image"
}
no_room_to_pull() {
	on 'berth rmi -a -f'
	leave 1000
	refused 'pull "oci:/quota/pulled"' 'berth pull -q oci:/quota/pulled'
	same '' "$(on 'berth images -q')"
	limit 20000
	on 'berth load -q -i /mnt/share/busybox.tar'
}
no_room_in_a_container() {
	local output
	leave 3000
	output=$(on "berth run --name w --network none $image \
		sh -c 'dd if=/dev/zero of=/big bs=100k count=100 || echo status \$?' 2>&1")
	like 'Disk quota exceeded' "$output"
	like '^status 1$' "$output"
	whole
}
no_room_to_commit() {
	refused 'commit container "w": write "big"' "berth commit -q w localhost/w"
	same busybox "$(on 'berth images --format {{.Repository}} | sed s,.*/,,')"
	limit 40000
	on 'berth commit -q w localhost/w'
	same "$(on 'berth export w | tar -xO big | sha256sum')" \
		"$(on "berth run --rm --network none localhost/w sh -c 'sha256sum </big'")"
}
no_room_at_all() {
	local command
	on "berth run -d --name e --network none $image sleep 1000; berth create --name s $image true"
	leave 0
	on 'i=0; while echo x >/quota/filler$i; do i=$((i + 1)); done 2>/dev/null || :'
	refused 'create container from "localhost/busybox:latest"' "berth create $image"
	refused 'create container from "localhost/busybox:latest"' "berth run --rm $image true"
	refused 'start container "s"' 'berth start s'
	refused 'create volume "v"' 'berth volume create v'
	refused 'tag "localhost/other:latest"' "berth tag $image other"
	on 'berth exec e true'
	like 'Disk quota exceeded$' "$(fails 1 on "berth exec e sh -c 'echo >/f'")"
	same 'e running s created w exited' "$(echo $(on "berth ps -a --sort names \
		--format '{{.Names}} {{.State}}'"))"
	on 'berth stop -t 0 e && berth rm w'
	same 'e s' "$(echo $(on "berth ps -a --sort names --format '{{.Names}}'"))"
}
goes_on() {
	limit 60000
	on "rm /quota/filler*; berth start e; berth exec e sh -c 'echo text >/f'; berth start s
		berth volume create v; berth run --rm -v v:/v --network none $image true
		berth commit -q e localhost/e"
	same text "$(on 'berth run --rm --network none localhost/e cat /f')"
	whole
	on 'berth rm -f -t 0 -a; berth system prune -a -f --volumes'
	whole
}

check 'load that fails on a quota names the archive, and leaves nothing' no_room_to_load
check 'pull that fails on a quota names the image, and leaves nothing' no_room_to_pull
check 'a program in a container is told of the quota, and goes on' no_room_in_a_container
check 'commit that fails on a quota names the container, which loses nothing' no_room_to_commit
check 'with no room at all what needs none works, and what needs some says so' no_room_at_all
check 'with a larger quota all goes on' goes_on
