/* The supervisor's copying and its requests, with pipes for a container and for clients. */
#include "supervise.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>

#include "unit.h"

static struct supervisor s;
static int container_out[2], container_in[2];

uint64_t fake_now;

uint64_t now_ms(void)
{
	return fake_now;
}

static void open_container(void)
{
	memset(&s, 0, sizeof(s));
	s.log.fd = s.init.pidfd = s.sources[1] = s.listener = -1;
	for (int i = 0; i < PEERS_MAX; i++)
		s.peers[i] = (struct peer){.socket = -1, .in = -1, .out = {-1, -1},
					   .starting = -1, .exec_terminal = -1};
	CHECK(pipe2(container_out, O_NONBLOCK) == 0 && pipe2(container_in, O_NONBLOCK) == 0);
	s.sources[0] = container_out[0];
	s.sink = container_in[1];
	s.run.init = 5;
}

/* A client that asked for its streams: its ends of socket and pipes. */
struct end {
	int socket, in, out;
};

static struct end attach(void)
{
	struct message message;
	struct end end;
	int sockets[2], in[2], out[2];

	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, sockets) == 0);
	CHECK(pipe2(in, O_NONBLOCK) == 0 && pipe2(out, O_NONBLOCK) == 0);
	fcntl(out[1], F_SETPIPE_SZ, 4096);
	message_init(&message, MESSAGE_ATTACH, 24 << 16 | 80);
	message.flags = ATTACH_STDIN | ATTACH_STDOUT;
	message.fds[message.fd_count++] = in[0];
	message.fds[message.fd_count++] = out[1];
	CHECK(message_send(sockets[0], &message) == 0);
	message_close_fds(&message);
	peer_serve(&s, peer_add(&s, sockets[1]));
	end = (struct end){sockets[0], in[1], out[0]};
	CHECK(message_receive(end.socket, &message) == 1 && message.kind == MESSAGE_STARTED);
	return end;
}

static size_t take(int fd)
{
	char block[1 << 16];
	size_t taken = 0;
	ssize_t got;

	while ((got = read(fd, block, sizeof(block))) > 0)
		taken += (size_t)got;
	return taken;
}

static void gives_all_to_all(void)
{
	struct end a = attach(), b = attach();
	char got[8] = "";

	CHECK(write(container_out[1], "hello", 5) == 5);
	output_run(&s);
	CHECK(read(a.out, got, 8) == 5 && strcmp(got, "hello") == 0);
	CHECK(read(b.out, got, 8) == 5 && s.chunk_length == 0);
	CHECK(write(a.in, "typed", 5) == 5);
	output_run(&s);
	CHECK(read(container_in[0], got, 8) == 5 && strcmp(got, "typed") == 0);
	close(a.socket), close(a.in), close(a.out), close(b.socket), close(b.in), close(b.out);
}

/* What the records of a log say, one after the other. Return: its length. */
static size_t log_text(const char *path, char *text)
{
	size_t length = 0;

	for (const char *at = unit_read(path); *at != '\0'; at += strcspn(at, "\n") + 1) {
		size_t piece = strcspn(at + 8, "\"\\");

		memcpy(text + length, at + 8, piece);
		length += piece;
		if (at[8 + piece] == '\\')
			text[length++] = '\n';
	}
	return length;
}

/* Pages are handed on and the rest is copied; the log has what clients have, in its order. */
static void logs_what_clients_get(void)
{
	static char block[20000], got[sizeof(block) + 1];
	struct end a = attach(), b = attach();
	char path[128];
	size_t received = 0;
	ssize_t more;

	for (size_t i = 0; i < sizeof(block); i++)
		block[i] = i % 100 == 99 ? '\n' : (char)('a' + i / 100 % 26);
	snprintf(path, sizeof(path), "%s/log", unit_scratch());
	CHECK(log_open(&s.log, "json-file", path, "0", "1") == 0);
	/* The first page is not full, so that clients' pipes take less than there is. */
	CHECK(write(container_out[1], block, 1000) == 1000);
	output_run(&s);
	CHECK(write(container_out[1], block + 1000, sizeof(block) - 1000) == 19000);
	while (received < sizeof(block)) {
		more = read(a.out, got + received, sizeof(block) - received);
		received += more > 0 ? (size_t)more : 0;
		take(b.out);
		output_run(&s);
	}
	CHECK(memcmp(block, got, sizeof(block)) == 0);
	log_finish(&s.log);
	CHECK(log_text(path, got) == sizeof(block) && memcmp(block, got, sizeof(block)) == 0);
	close(a.socket), close(a.in), close(a.out), close(b.socket), close(b.in), close(b.out);
}

/* CVE-2025-64329: memory is bounded, and who takes nothing is dropped and told. */
static void drops_slow_clients(void)
{
	static char block[20000];
	struct end fast = attach(), slow = attach();
	struct message message;
	size_t received = 0;
	struct pollfd polls[POLLS_MAX];

	fake_now = 1000;
	CHECK(write(container_out[1], block, sizeof(block)) == sizeof(block));
	for (int i = 0; i < 10; i++) {
		output_run(&s);
		received += take(fast.out);
	}
	/* No more is read of the container than the fast one has and the slow one waits for. */
	CHECK(received == 2 * 4096 && s.chunk_length == 4096);
	CHECK(output_polls(&s, polls) == 3);
	output_stop_slow(&s, STALL_MS);
	CHECK(s.chunk_length > 0);
	fake_now += STALL_MS + 1;
	output_stop_slow(&s, STALL_MS);
	CHECK(s.chunk_length == 0);
	CHECK(message_receive(slow.socket, &message) == 1 && message.kind == MESSAGE_DROPPED);
	CHECK(take(slow.out) == 4096 && read(slow.out, block, 1) == 0);
	for (int i = 0; i < 10; i++) {
		output_run(&s);
		received += take(fast.out);
	}
	CHECK(received == sizeof(block));
	close(fast.in), close(fast.out), close(slow.in), close(slow.out);
	close(fast.socket), close(slow.socket);
}

static void ends_standard_input_when_asked(void)
{
	struct end a = attach();
	struct message message;
	char byte;

	close(a.in);
	output_run(&s);
	CHECK(read(container_in[0], &byte, 1) < 0 && errno == EAGAIN);
	message_init(&message, MESSAGE_STDIN_END, 0);
	CHECK(message_send(a.socket, &message) == 0);
	for (int i = 0; i < PEERS_MAX; i++)
		if (s.peers[i].used)
			peer_serve(&s, &s.peers[i]);
	CHECK(read(container_in[0], &byte, 1) == 0 && s.sink == -1);
	close(a.socket), close(a.out);
}

/* Nothing that a message says is used unchecked. */
static void refuses_odd_requests(void)
{
	struct message message;
	int sockets[2], folder = open("/", O_RDONLY);
	struct peer *peer;
	char junk[64] = "junk";

	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, sockets) == 0);
	peer = peer_add(&s, sockets[1]);
	message_init(&message, MESSAGE_ATTACH, 0);
	message.flags = 0xffffffff;
	message.fds[message.fd_count++] = folder;	/* no pipe */
	CHECK(message_send(sockets[0], &message) == 0);
	peer_serve(&s, peer);
	CHECK(peer->used && peer->in < 0 && peer->out[0] < 0 && peer->out[1] < 0);
	message_init(&message, MESSAGE_EXEC, 0);
	CHECK(message_send(sockets[0], &message) == 0);
	peer_serve(&s, peer);
	CHECK(!peer->used && message_receive(sockets[0], &message) == 1);
	CHECK(message_receive(sockets[0], &message) == 1 && message.kind == MESSAGE_FAILED);
	close(sockets[0]), close(folder);
	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, sockets) == 0);
	peer = peer_add(&s, sockets[1]);
	CHECK(send(sockets[0], junk, sizeof(junk), 0) == sizeof(junk));
	peer_serve(&s, peer);
	CHECK(!peer->used);
	close(sockets[0]);
}

static void serves_no_more_than_it_has_room_for(void)
{
	int sockets[2], added = 0;

	for (int i = 0; i < PEERS_MAX + 1; i++) {
		CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets) == 0);
		close(sockets[0]);
		added += peer_add(&s, sockets[1]) != NULL;
	}
	CHECK(added == PEERS_MAX);
	for (int i = 0; i < PEERS_MAX; i++)
		peer_leave(&s.peers[i]);
}

/* After the end what is still in the pipes is passed on, but nobody is waited for for ever. */
static bool is_asked_to_stop(void)
{
	sigset_t pending;

	return sigpending(&pending) == 0 && sigismember(&pending, SIGTERM) == 1;
}

/* Of the client that started it, in a unit: killed, it takes the container with it. */
static void ends_with_who_started_it(void)
{
	static const char unit[] = "berth-plan 1\0ends-with-client 1\0" "1\0" "end 0";
	struct message message;
	struct failure failure;
	sigset_t term;
	int sockets[2], number;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
	for (int round = 0; round < 3; round++) {
		struct peer *peer;

		if (round == 1 &&
		    !CHECK(plan_parse(unit, sizeof(unit), &s.plan, &failure) == 0))
			return;
		CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, sockets) == 0);
		peer = peer_add(&s, sockets[1]);
		peer->launched = true;
		message_init(&message, MESSAGE_DETACH, 0);
		CHECK(round < 2 || message_send(sockets[0], &message) == 0);
		close(sockets[0]);
		peer_serve(&s, peer);
		CHECK(is_asked_to_stop() == (round == 1) && !peer->used);
		if (is_asked_to_stop())
			sigwait(&term, &number);
	}
	sigprocmask(SIG_UNBLOCK, &term, NULL);
	plan_free(&s.plan);
}

static void finishes(void)
{
	struct end a = attach();

	CHECK(write(container_out[1], "last", 4) == 4);
	close(container_out[1]);
	output_finish(&s);
	CHECK(take(a.out) == 4 && s.sources[0] == -1);
	close(a.in), close(a.out), close(a.socket);
}

static void all_leave(void)
{
	for (int i = 0; i < PEERS_MAX; i++)
		peer_leave(&s.peers[i]);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	open_container();
	RUN(gives_all_to_all);
	all_leave();
	RUN(logs_what_clients_get);
	all_leave();
	RUN(drops_slow_clients);
	all_leave();
	RUN(ends_standard_input_when_asked);
	RUN(refuses_odd_requests);
	all_leave();
	RUN(ends_with_who_started_it);
	all_leave();
	RUN(serves_no_more_than_it_has_room_for);
	open_container();
	RUN(finishes);
	return unit_end("output and requests");
}
