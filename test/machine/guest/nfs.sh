# A store on NFS, by root: the machine mounts a folder of its own, with extended attributes (NFS 4.2)
# and without (NFS 3). Another server would refuse the same: overlay, and giving files away. Where
# there are attributes, fuse-overlayfs serves the containers if it is installed.
. /mnt/share/guest/lib.sh
image=localhost/busybox

mkdir -p /srv/home /nfs/4 /nfs/3
chown alice /srv/home
echo '/srv/home 127.0.0.1(rw,root_squash,no_subtree_check,fsid=0)' >/etc/exports
systemctl restart nfs-server && exportfs -ra
mount -t nfs4 127.0.0.1:/ /nfs/4
mount -t nfs -o vers=3,nolock 127.0.0.1:/srv/home /nfs/3

# on HOME SCRIPT: as alice, whose data is there; HOME begins with the version of NFS.
on() {
	runuser -u alice -- env XDG_RUNTIME_DIR=/run/user/1001 XDG_DATA_HOME="/nfs/${1:0:1}/home$1" \
		PATH="$PATH" bash -euc "mkdir -p /nfs/${1:0:1}/home$1; cd /; $2"
}

# chosen HOME DRIVER OWNERS
chosen() {
	on "$1" 'berth load -q -i /mnt/share/busybox.tar'
	same "$2 $3" "$(on "$1" "berth info --format '{{.Store.GraphDriverName}} {{.Store.Owners}}'")"
	like '^weaker .* is on nfs' "$(on "$1" 'berth doctor -q || :')"
}
runs() {
	on "$1" "berth run -d --name c --network none $image sleep 1000
		berth exec c sh -euc 'echo text >/f; chown 7:8 /f; ln -s f /l; chown -h 4:5 /l'
		berth restart -t 0 c"
	same text "$(on "$1" 'berth exec c cat /l')"
}
exported() {
	local list
	list=$(on "$1" 'berth export c | tar --numeric-owner -tvf -')
	like ' 7/8 +.* f$' "$list"
	like ' 4/5 +.* l -> f$' "$list"
}
leaves_nothing() {
	on "$1" 'berth rm -f -t 0 -a && berth system check'
	same '' "$(on "$1" 'cd "$XDG_DATA_HOME/berth/v1"; ls -A staging trash; ls containers' |
		grep -vE '^(staging:|trash:|names|)$')"
}

replaces_and_removes() {
	on "$1" "berth run -d --name d --network none $image sleep 1000
		berth exec d sh -euc 'rm /bin/vi; mv /bin/awk /bin/awk2; mkdir /d; echo x >/d/y; rm -r /d
			mkdir /d; mkfifo /p; echo up >/g; exec 3</etc/group 4</g; rm /etc/group /g
			cat <&3 | grep -q root; cat <&4 | grep -q up'
		berth stop -t 0 d"
	same 'A /bin/awk2 A /d A /p C /bin C /etc D /bin/awk D /bin/vi D /etc/group' \
		"$(echo $(on "$1" 'berth diff d' | LC_ALL=C sort))"
	on "$1" "berth commit -q d localhost/d
		berth run --rm --network none localhost/d sh -euc 'test -p /p; test ! -e /bin/vi; ls /bin/awk2'
		berth rm d; berth rmi localhost/d"
}

mv /usr/bin/fuse-overlayfs /root/
for version in 4 3; do
	owners=$([ $version = 4 ] && echo xattr || echo ledger)
	check "NFS $version: the store finds out that containers are copies" \
		chosen $version copy $owners
	check "NFS $version: a container runs, changes and starts again" runs $version
	check "NFS $version: what it gave away is exported so" exported $version
	check "NFS $version: it goes, and the store is whole" leaves_nothing $version
done

mv /root/fuse-overlayfs /usr/bin/
check 'NFS 4 with fuse-overlayfs: the store finds out that it serves containers' \
	chosen 4f fuse-overlayfs xattr
check 'NFS 4 with fuse-overlayfs: a container runs, changes and starts again' runs 4f
check 'NFS 4 with fuse-overlayfs: what it gave away is exported so' exported 4f
check 'NFS 4 with fuse-overlayfs: it goes, and the store is whole' leaves_nothing 4f
check 'NFS 4 with fuse-overlayfs: files are replaced and removed, also open ones' \
	replaces_and_removes 4f
check 'NFS 4 with fuse-overlayfs: after that the store is whole too' leaves_nothing 4f
check 'NFS 3 with fuse-overlayfs: without attributes containers are copies' chosen 3f copy ledger
