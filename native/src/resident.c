/*
 * resident.c - gives memory back while a supervisor only waits.
 *
 * Starting a container runs most of the program once; waiting for its end takes only a loop. The
 * kernel maps a file 64 KiB around each page that is touched, so all of the program would stay
 * mapped as long as the container runs. Pages of the program that nobody has written are given
 * back, and are read again from the page cache when needed; so is stack that is no longer used.
 */
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

#include "raw-call.h"
#include "resident.h"

enum { PAGE = 4096, STACK_LEFT = 256 * 1024 };

/* The program's own header, by the linker. */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

/* A page of slack covers the red zone and what the system calls here use. What is below the end of
 * the stack is not mapped, which madvise(2) tells and passes over. */
static inline __attribute__((always_inline)) void give_back_stack(void)
{
	uintptr_t end = ((uintptr_t)__builtin_frame_address(0) & ~(uintptr_t)(PAGE - 1)) - PAGE;

	raw_call(SYS_madvise, (long)(end - STACK_LEFT), STACK_LEFT, MADV_DONTNEED, 0, 0);
}

/* Only segments that can't be written: what was relocated exists nowhere else. The last one to go
 * is the header's, which this reads. */
static inline __attribute__((always_inline)) void give_back_program(void)
{
	uintptr_t base = (uintptr_t)&__ehdr_start;
	const ElfW(Phdr) *headers = (const ElfW(Phdr) *)(base + __ehdr_start.e_phoff);
	uintptr_t bias = base;

	for (unsigned int i = 0; i < __ehdr_start.e_phnum; i++)
		if (headers[i].p_type == PT_LOAD && headers[i].p_offset == 0)
			bias = base - headers[i].p_vaddr;
	for (unsigned int i = __ehdr_start.e_phnum; i-- > 0;) {
		uintptr_t start = bias + headers[i].p_vaddr;
		uintptr_t end = start + headers[i].p_memsz;

		if (headers[i].p_type != PT_LOAD || (headers[i].p_flags & PF_W) != 0)
			continue;
		start &= ~(uintptr_t)(PAGE - 1);
		raw_call(SYS_madvise, (long)start, (long)(end - start), MADV_DONTNEED, 0, 0);
	}
}

/**
 * resident_poll() - poll(2) with little memory; for waits that may be long
 *
 * Its code, which is what stays, lies within one of the ranges of 64 KiB: it calls nothing, and is
 * shorter than its alignment. The stack's pages are those that the caller has left.
 */
__attribute__((aligned(1024)))
int resident_poll(struct pollfd *polls, unsigned int count, int timeout_ms)
{
	struct timespec limit = { timeout_ms / 1000, timeout_ms % 1000 * 1000000L };
	long result;

	give_back_stack();
	give_back_program();
	result = raw_call(SYS_ppoll, (long)polls, count, timeout_ms < 0 ? 0 : (long)&limit, 0, 0);
	if (result >= 0)
		return (int)result;
	errno = (int)-result;
	return -1;
}
