/* The client: its options, detach keys, and copying between streams. */
#include "client.h"

#include <errno.h>
#include <stdarg.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "unit.h"

static struct client client;

static int options(int count, ...)
{
	char *argv[16] = {"launch"};
	va_list args;

	va_start(args, count);
	for (int i = 0; i < count; i++)
		argv[i + 1] = va_arg(args, char *);
	va_end(args);
	return client_options(&client, count + 1, argv);
}

static void reads_options(void)
{
	struct rlimit before, after;

	CHECK(options(0) == 0);
	CHECK(client.sig_proxy && client.streams == 7 && !client.streams_given && !client.detach);
	CHECK(client.keys.count == 2 && client.timeout_ms == -1 && client.control == -1);
	CHECK(options(6, "--plan", "/p", "--attach", "stdin,stderr", "--detach", "--print") < 0);
	CHECK(options(7, "--plan", "/p", "--attach", "stdin,stderr", "--detach", "--print",
		      "x") == 0);
	CHECK(client.streams == 5 && client.streams_given && client.detach);
	CHECK(options(2, "--sig-proxy", "0") == 0 && !client.sig_proxy);
	CHECK(options(2, "--detach-keys", "") == 0 && client.keys.count == 0);
	CHECK(options(2, "--detach-keys", "ctrl-?") < 0);
	CHECK(options(2, "--timeout", "250") == 0 && client.timeout_ms == 250);
	CHECK(options(2, "--timeout", "-1") < 0);
	CHECK(options(2, "--signal", "65") < 0 && options(2, "--signal", "9") == 0);
	CHECK(options(2, "--nothing", "x") < 0 && options(1, "word") < 0);
	getrlimit(RLIMIT_NOFILE, &before);
	CHECK(options(2, "--nofile", "100") == 0 && options(2, "--nofile", "x") < 0);
	getrlimit(RLIMIT_NOFILE, &after);
	CHECK(after.rlim_cur == 100 && after.rlim_max == before.rlim_max);
	setrlimit(RLIMIT_NOFILE, &before);
}

static void parses_keys(void)
{
	struct detach_keys keys;

	CHECK(detach_keys_parse(&keys, "ctrl-p,ctrl-q") == 0 && keys.count == 2);
	CHECK(keys.keys[0] == 16 && keys.keys[1] == 17);
	CHECK(detach_keys_parse(&keys, "ctrl-@,ctrl-[,ctrl-_,x") == 0 && keys.count == 4);
	CHECK(keys.keys[0] == 0 && keys.keys[1] == 27 && keys.keys[2] == 31 && keys.keys[3] == 'x');
	CHECK(detach_keys_parse(&keys, "a,") < 0 && detach_keys_parse(&keys, ",") < 0);
	CHECK(detach_keys_parse(&keys, "ctrl-1") < 0 && detach_keys_parse(&keys, "ab") < 0);
	CHECK(detach_keys_parse(&keys, "1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7") < 0);
}

static const char *scanned(struct detach_keys *keys, const char *in, bool *found)
{
	static char out[64 + DETACH_KEYS_MAX];
	size_t length = 0;

	*found = detach_keys_scan(keys, in, strlen(in), out, &length);
	out[length] = '\0';
	return out;
}

static void holds_back_the_beginning_of_keys(void)
{
	struct detach_keys keys;
	bool found;

	detach_keys_parse(&keys, "a,b,c");
	CHECK_TEXT("x", scanned(&keys, "xab", &found));
	CHECK(!found);
	CHECK_TEXT("abd", scanned(&keys, "d", &found));
	CHECK_TEXT("ab", scanned(&keys, "aba", &found));
	CHECK_TEXT("", scanned(&keys, "b", &found));
	CHECK_TEXT("", scanned(&keys, "cxyz", &found));
	CHECK(found);
	detach_keys_parse(&keys, "q");
	CHECK_TEXT("ab", scanned(&keys, "abqc", &found));
	CHECK(found);
	detach_keys_parse(&keys, "");
	CHECK_TEXT("abc", scanned(&keys, "abc", &found));
	CHECK(!found);
}

static struct relay relay;

static void copies_all(void)
{
	int in[2], out[2];
	char got[128] = "";

	CHECK(pipe2(in, O_NONBLOCK) == 0 && pipe2(out, O_NONBLOCK) == 0);
	relay_init(&relay, in[0], out[1]);
	CHECK(relay.spliceable && relay_wants_read(&relay) && !relay_wants_write(&relay));
	CHECK(write(in[1], "hello", 5) == 5);
	relay_run(&relay, true, true);
	CHECK(read(out[0], got, sizeof(got)) == 5 && strcmp(got, "hello") == 0);
	relay_run(&relay, true, true);
	CHECK(!relay.ended);
	close(in[1]);
	relay_run(&relay, true, true);
	CHECK(relay.ended && relay.from == -1 && read(out[0], got, 1) == 0);
	close(out[0]);
}

static void keeps_what_a_slow_reader_leaves(void)
{
	static char block[RELAY_BUFFER];
	int in[2], out[2];
	size_t sent = 0, received = 0;
	ssize_t got;

	CHECK(pipe2(in, O_NONBLOCK) == 0 && pipe2(out, O_NONBLOCK) == 0);
	fcntl(out[1], F_SETPIPE_SZ, 4096);
	relay_init(&relay, in[0], out[1]);
	relay.spliceable = false;
	for (int round = 0; round < 200; round++) {
		if (sent < 3 * sizeof(block) && (got = write(in[1], block, sizeof(block))) > 0)
			sent += (size_t)got;
		relay_run(&relay, true, false);
		CHECK(relay.offset + relay.length <= RELAY_BUFFER);
		while ((got = read(out[0], block, 1000)) > 0)
			received += (size_t)got;
	}
	CHECK(sent == received && sent >= 3 * sizeof(block));
	close(in[1]), close(out[0]);
	relay_close(&relay);
}

static void knows_a_reader_that_left(void)
{
	int in[2], out[2];

	signal(SIGPIPE, SIG_IGN);
	for (int spliceable = 0; spliceable < 2; spliceable++) {
		CHECK(pipe2(in, O_NONBLOCK) == 0 && pipe2(out, O_NONBLOCK) == 0);
		relay_init(&relay, in[0], out[1]);
		relay.spliceable = spliceable == 1;
		CHECK(write(in[1], "x", 1) == 1);
		close(out[0]);
		relay_run(&relay, true, true);
		CHECK(relay.broken && !relay.ended && relay.from == -1);
		close(in[1]);
	}
}

static void detaches(void)
{
	struct detach_keys keys;
	int in[2], out[2];
	char got[8] = "";

	detach_keys_parse(&keys, "ctrl-p,ctrl-q");
	CHECK(pipe2(in, O_NONBLOCK) == 0 && pipe2(out, O_NONBLOCK) == 0);
	relay_init(&relay, in[0], out[1]);
	relay.keys = &keys;
	CHECK(write(in[1], "ab\x10\x11", 4) == 4);
	relay_run(&relay, true, true);
	CHECK(relay.detached && read(out[0], got, sizeof(got)) == 2 && strcmp(got, "ab") == 0);
	relay_close(&relay);
	close(in[1]), close(out[0]);
}

static bool given(int stand_in, int fd, int result[3])
{
	struct failure failure;
	int saved = dup(fd);
	bool ok;

	client.streams = 7;
	client.stdin_open = true;
	dup2(stand_in, fd);
	ok = client_hand_streams(&client, result, &failure) == 0;
	dup2(saved, fd);
	close(saved);
	return ok;
}

static bool same(int a, int b)
{
	struct stat first, second;

	return fstat(a, &first) == 0 && fstat(b, &second) == 0 && first.st_ino == second.st_ino &&
	       first.st_dev == second.st_dev;
}

/* Whose standard streams: pipes as they are, files and all else copied, folders refused. */
static void hands_over_pipes_only(void)
{
	char path[128];
	int pair[2], result[3], file, folder = open("/", O_RDONLY);

	snprintf(path, sizeof(path), "%s/file", unit_scratch());
	unit_write(path, "text");
	CHECK(options(0) == 0 && pipe(pair) == 0);
	CHECK(given(pair[0], 0, result) && same(result[0], pair[0]));
	CHECK(!given(folder, 0, result) && !given(folder, 1, result));
	for (int flags = O_RDONLY; flags <= O_RDWR; flags++) {
		file = open(path, flags);
		CHECK(given(file, 0, result) && !same(result[0], file));
		CHECK(given(file, 2, result) && !same(result[2], file));
		close(file);
	}
	file = open("/dev/null", O_RDWR);
	CHECK(given(file, 1, result) && same(result[1], file));
}

/* A supervisor leaves without having read what its client said last, "no more input" say. */
static void hears_the_status_from_a_peer_that_left(void)
{
	struct message message;
	int pair[2];

	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
	message_init(&message, MESSAGE_STDIN_END, 0);
	CHECK(message_send(pair[0], &message) == 0);
	message_init(&message, MESSAGE_EXITED, 7);
	CHECK(message_send(pair[1], &message) == 0);
	close(pair[1]);
	CHECK(message_receive(pair[0], &message) == 1);
	CHECK(message.kind == MESSAGE_EXITED && message.number == 7);
	CHECK(message_receive(pair[0], &message) == 0);
	close(pair[0]);

	/* The same when the client speaks after that. */
	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
	message_init(&message, MESSAGE_EXITED, 8);
	CHECK(message_send(pair[1], &message) == 0);
	close(pair[1]);
	message_init(&message, MESSAGE_STDIN_END, 0);
	CHECK(message_send(pair[0], &message) < 0);
	CHECK(message_receive(pair[0], &message) == 1);
	CHECK(message.kind == MESSAGE_EXITED && message.number == 8);
	CHECK(message_receive(pair[0], &message) == 0);
	close(pair[0]);
}

int main(void)
{
	freopen("/dev/null", "r", stdin);
	RUN(reads_options);
	RUN(parses_keys);
	RUN(holds_back_the_beginning_of_keys);
	RUN(copies_all);
	RUN(keeps_what_a_slow_reader_leaves);
	RUN(knows_a_reader_that_left);
	RUN(detaches);
	RUN(hands_over_pipes_only);
	RUN(hears_the_status_from_a_peer_that_left);
	return unit_end("clients");
}
