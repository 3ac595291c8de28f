/* Fuzzes what clients may send to a supervisor. Each message is a byte that says which descriptors
 * go with it, a byte of its length, and its bytes. No process is started: container_exec() is ours.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <fcntl.h>

#include "supervise.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct supervisor s;
static int descriptors[4];

uint64_t now_ms(void)
{
	return 1;
}

int container_exec(const struct container_process *init, const struct plan *plan,
		   const struct plan *exec_plan, const struct container_stdio *stdio,
		   struct container_process *process, struct failure *failure)
{
	int pair[2];

	(void)init, (void)plan, (void)exec_plan;
	for (size_t i = 0; i < 3 + stdio->preserved_count; i++)
		if (fcntl(i < 3 ? stdio->stdio[i] : stdio->preserved[i - 3], F_GETFD) < 0)
			abort();
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return fail(failure, "start", "", 1);
	close(pair[1]);
	*process = (struct container_process){
		.pid = 1 << 30, .pidfd = dup(0), .sync = pair[0], .terminal = -1};
	return 0;
}

static int step(struct container_process *process, struct failure *failure)
{
	char kind = 0;

	if (read(process->sync, &kind, 1) == 1 && kind == 'x')
		return 0;
	close(process->sync);
	return fail(failure, "start", "", 1);
}

int container_ready(struct container_process *process, struct failure *failure)
{
	return step(process, failure);
}

int emulator_serve(struct emulator *emulator, struct container_process *process,
		   const struct plan *plan, struct failure *failure)
{
	(void)emulator, (void)process, (void)plan, (void)failure;
	return 0;
}

int container_started(struct container_process *process, struct failure *failure)
{
	return step(process, failure);
}

static void open_supervisor(void)
{
	int pipes[2];
	static const char plan[] = "berth-plan 1\0args 1\0x\0end 0";

	signal(SIGPIPE, SIG_IGN);
	memset(&s, 0, sizeof(s));
	s.log.fd = s.init.pidfd = s.sources[0] = s.sources[1] = s.listener = s.sink = -1;
	s.run.init = 5;
	for (int i = 0; i < PEERS_MAX; i++)
		s.peers[i] = (struct peer){.socket = -1, .in = -1, .out = {-1, -1},
					   .starting = -1, .exec_terminal = -1};
	if (descriptors[0] != 0)
		return;
	if (pipe2(pipes, O_CLOEXEC) < 0)
		abort();
	descriptors[0] = pipes[0];
	descriptors[1] = pipes[1];
	descriptors[2] = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (pipe2(pipes, O_CLOEXEC) < 0 || write(pipes[1], plan, sizeof(plan)) < 0)
		abort();
	descriptors[3] = open(".", O_RDONLY | O_CLOEXEC);
}

static void send_raw(int socket, uint8_t fds, const uint8_t *bytes, size_t size)
{
	char control[CMSG_SPACE(sizeof(int) * 8)] = {0};
	struct iovec data = {(void *)bytes, size};
	struct msghdr header = {.msg_iov = &data, .msg_iovlen = 1};
	int count = fds & 7;

	if (count > 0) {
		struct cmsghdr *rights;

		header.msg_control = control;
		header.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)count);
		rights = CMSG_FIRSTHDR(&header);
		rights->cmsg_level = SOL_SOCKET;
		rights->cmsg_type = SCM_RIGHTS;
		rights->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)count);
		for (int i = 0; i < count; i++)
			memcpy(CMSG_DATA(rights) + i * sizeof(int),
			       &descriptors[(i + (fds >> 3)) % 4], sizeof(int));
	}
	sendmsg(socket, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int sockets[2];
	struct peer *peer;

	open_supervisor();
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, sockets) < 0)
		return 0;
	peer = peer_add(&s, sockets[1]);
	while (size > 2 && peer->used && peer->socket >= 0) {
		size_t length = data[1] < size - 2 ? data[1] : size - 2;

		/* Signals would go to whoever has that pid. */
		if (peer->exec != 0)
			peer->exec = 0;
		send_raw(sockets[0], data[0], data + 2, length);
		peer_serve(&s, peer);
		data += 2 + length;
		size -= 2 + length;
	}
	if (peer->used && peer->starting >= 0)
		peer_exec_step(&s, peer);
	peer_leave(peer);
	close(sockets[0]);
	return 0;
}
