# Two users in one shared folder, on a kernel whose own protection is off (fs.protected_*): what bob
# has put where alice's command writes is not written to, nothing waits, and bob learns nothing.
. /mnt/share/guest/lib.sh
image=localhost/busybox

sysctl -qw fs.protected_regular=0 fs.protected_fifos=0 fs.protected_symlinks=0 \
	fs.protected_hardlinks=0
mkdir -m 1777 /shared

# on SCRIPT, bob SCRIPT: as alice, as bob; alice waits for nothing.
on() {
	runuser -u alice -- env XDG_RUNTIME_DIR=/run/user/1001 PATH="$PATH" \
		timeout 60 bash -euc "cd /; $1"
}
bob() { runuser -u bob -- bash -euc "cd /shared; $1"; }

# plant NAME: bob's file, open to all, link to a file of alice and pipe, one for each try.
plant() {
	rm -rf /shared/*
	bob "echo bobs >$1-file; chmod 666 $1-file; mkfifo -m 666 $1-fifo
		ln -s /home/alice/precious $1-link; ln -s /home/alice/new $1-dangling"
	on 'echo precious >~/precious; rm -f ~/new'
}
untouched() {
	same bobs "$(cat "/shared/$1-file")"
	same precious "$(cat /home/alice/precious)"
	[ ! -e /home/alice/new ]
	same 'bob' "$(stat -c %U /shared/"$1"-{file,fifo,link,dangling} | sort -u)"
}

# refuses COMMAND SAYING: alice's command with PATH in it, for each of bob's.
refuses() {
	local kind
	plant his
	for kind in file fifo link dangling; do
		like "$2" "$(fails 125 on "${1//PATH//shared/his-$kind}")"
	done
	untouched his
}
# writes COMMAND PATTERN [NAME]...: alice's own file and link in the same folder, and a new file, have
# it; with names only those.
writes() {
	local name command=$1 pattern=$2
	shift 2
	[ $# -gt 0 ] || set -- own link new
	rm -rf /shared/*
	on 'rm -f ~/aim; for i in {1..100}; do echo old and long; done >/shared/own
		ln -s ~/aim /shared/link'
	for name; do on "${command//PATH//shared/$name}"; done
	for name; do same 1 "$(grep -cE "$pattern" "/shared/$name")"; done
	same '' "$(grep old /shared/own)"
	[ -L /shared/link ]
}

pid_files() {
	local run="berth run --rm --network none"
	refuses "$run --pidfile PATH $image true" 'another user has put it there'
	writes "$run --pidfile PATH $image true" '^[0-9]+$'
	refuses "$run --conmon-pidfile PATH $image true" 'another user has put it there'
	writes "$run --conmon-pidfile PATH $image true" '^[0-9]+$' own new
}
ids_and_digests() {
	refuses "berth run --rm --network none --cidfile PATH $image true" 'exists already'
	refuses 'berth commit -q --iidfile PATH c' 'another user has put it there'
	writes 'berth commit -q --iidfile PATH c' '^[0-9a-f]{64}$'
	refuses "berth push -q --digestfile PATH $image dir:/home/alice/pushed" \
		'another user has put it there'
	writes "berth push -q --digestfile PATH $image dir:/home/alice/pushed" '^sha256:'
}
archives() {
	refuses "berth save -q -o PATH $image" 'another user'
	refuses 'berth export -o PATH c' 'another user'
	same '' "$(find /shared -name '*.part')"
}
logs() {
	refuses "berth run --rm --network none --log-opt path=PATH $image true" \
		'another user has put it there'
	rm -rf /shared/*
	on "berth run --name l --network none --log-opt path=/shared/log $image echo said"
	bob 'echo "2030-01-01T00:00:00.000000000+00:00 stdout F forged" >log.1; chmod 666 log.1'
	same said "$(on 'berth logs l')"
	bob 'rm log.1; mkfifo -m 666 log.1'
	same said "$(on 'berth logs l')"
	on 'berth rm l'
}

on "berth load -q -i /mnt/share/busybox.tar; berth create --name c --network none $image true"
check 'pid files are written into nothing that another user has planted' pid_files
check 'ids and digests are written into nothing that another user has planted' ids_and_digests
check 'archives are written into nothing that another user has planted' archives
check 'logs are written into, and read from, nothing that another user has planted' logs
