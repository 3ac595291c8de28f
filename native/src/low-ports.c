/*
 * low-ports.c - ports below 1024 for root's containers.
 *
 * pasta publishes them; it is in a user namespace and has none of the rights of the machine's root,
 * and no process gets such a right. Instead, the cgroup of root's containers has a BPF program
 * (cgroup/bind4, cgroup/bind6) that runs at each bind(2), and answers that CAP_NET_BIND_SERVICE is
 * not needed (Linux 5.12). It is removed with the cgroup.
 */
#include "low-ports.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "applets.h"
#include "capabilities.h"
#include "cgroup.h"
#include "failure.h"

/* What the program answers, in bits (kernel: BIND_NO_CAP_NET_BIND_SERVICE). */
enum { BIND_ALLOWED = 1, WITHOUT_CAPABILITY = 2 };
enum { FIRST_PORT_OF_USERS = 1024 };

static int bpf(int command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static bool is_attached(int folder, enum bpf_attach_type type)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.query.target_fd = (uint32_t)folder;
	attr.query.attach_type = type;
	return bpf(BPF_PROG_QUERY, &attr) == 0 && attr.query.prog_cnt > 0;
}

/* Who has another id binds as always: a user of a container who is not its root. */
static int load(enum bpf_attach_type type, uid_t uid)
{
	const struct bpf_insn program[] = {
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_get_current_uid_gid },
		{ .code = BPF_JMP32 | BPF_JEQ | BPF_K, .off = 2, .imm = (int32_t)uid },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = BIND_ALLOWED },
		{ .code = BPF_JMP | BPF_EXIT },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = BIND_ALLOWED | WITHOUT_CAPABILITY },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_CGROUP_SOCK_ADDR;
	attr.expected_attach_type = type;
	attr.insns = (uintptr_t)program;
	attr.insn_cnt = sizeof(program) / sizeof(*program);
	attr.license = (uintptr_t)"";
	strcpy(attr.prog_name, "berth_low_ports");
	return bpf(BPF_PROG_LOAD, &attr);
}

static void attach(int folder, enum bpf_attach_type type, uid_t uid)
{
	int program = load(type, uid);
	union bpf_attr attr;

	if (program < 0)
		return;
	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (uint32_t)folder;
	attr.attach_bpf_fd = (uint32_t)program;
	attr.attach_type = type;
	attr.attach_flags = BPF_F_ALLOW_MULTI;
	bpf(BPF_PROG_ATTACH, &attr);
	close(program);
}

void low_ports_allow(int folder, uid_t uid)
{
	static const enum bpf_attach_type types[] = { BPF_CGROUP_INET4_BIND,
						      BPF_CGROUP_INET6_BIND };

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (!is_attached(folder, types[i]))
			attach(folder, types[i], uid);
}

/**
 * low_ports_main() - The applet: `low-ports CGROUP`, which exits with 0 where they are allowed
 */
int low_ports_main(int argc, char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd;

	cgroup_move(argc > 1 ? argv[1] : NULL);
	capabilities_give_up();
	/* It is asked for the cgroup that the socket is made in. */
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	for (uint16_t port = FIRST_PORT_OF_USERS - 1; fd >= 0 && port > 0; port--) {
		address.sin_port = htons(port);
		if (bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
			return 0;
		if (errno != EADDRINUSE)
			break;
	}
	return EXIT_ENGINE;
}
