# What is copied where overlay can't refer to it, on Debian's kernel: an image for the ids of a
# container, and with the driver copy. On XFS, whose files can share their content.
. /mnt/share/guest/lib.sh
image=localhost/busybox

truncate -s 400M /srv/xfs
mkfs.xfs -q /srv/xfs
mkdir /xfs
mount /srv/xfs /xfs
chown alice /xfs

# on SCRIPT: as alice, whose data is there.
on() {
	runuser -u alice -- env XDG_RUNTIME_DIR=/run/user/1001 XDG_DATA_HOME=/xfs PATH="$PATH" \
		bash -euc "cd /; $1"
}

# shares FOLDER: the program below it has extents with FIEMAP_EXTENT_SHARED, 0x2000.
shares() {
	local program
	program=$(find "$1" -name busybox -size +1M | head -n 1)
	like ' 0x20..$' "$(/usr/sbin/xfs_io -r -c 'fiemap -v' "$program")"
}

copied_once() {
	local run="berth run --rm --network none --userns keep-id $image \
		sh -c 'id -u; stat -c %u /bin/busybox'"
	local first
	on 'berth load -q -i /mnt/share/busybox.tar'
	first=$(on "$run" 2>&1)
	like 'MB are copied once for these ids: before Linux 6.16' "$first"
	like '^1001$' "$first"
	like '^0$' "$first"
	same '1001 0' "$(echo $(on "$run" 2>&1))"
	shares /xfs/berth/v1/shifted
}
gives_owners_back() {
	on "berth run --name c --network none --userns keep-id --user 0 $image sh -c '
			echo mine >/mine; chown 1001:1001 /mine; echo other >/other; chown 5:6 /other'
		berth commit -q c localhost/committed
		berth rm c"
	same '1001:1001 5:6 0:0' "$(echo $(on "berth run --rm --network none localhost/committed \
		stat -c %u:%g /mine /other /bin/busybox"))"
	on 'berth system check'
}
copies() {
	on "berth --root /xfs/copies --storage-driver copy load -q -i /mnt/share/busybox.tar
		berth --root /xfs/copies --storage-driver copy create --network none $image true"
	shares /xfs/copies/containers
}

check 'an image is copied once for the ids of a container, and shares its content' copied_once
check 'commit gives the owners of the image back' gives_owners_back
check 'what is copied for a container shares its content' copies
