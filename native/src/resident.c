/*
 * resident.c - gives memory back while a supervisor only waits.
 *
 * Starting a container runs most of the program once; waiting for its end takes a loop. The kernel
 * maps a file 64 KiB around each page that is touched, so that all of the program would stay
 * mapped for as long as the container runs. What is given back here is read again from the page
 * cache when it is needed: pages of the program that nobody has written, and stack that was left.
 */
#include <elf.h>
#include <link.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "resident.h"

enum { PAGE = 4096, STACK_LEFT = 256 * 1024 };

/* The program's own header, by the linker. */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

/* A page of slack covers the red zone and what the system calls here use. What is below the end of
 * the stack is not mapped, which madvise(2) tells and passes over. */
static void give_back_stack(void)
{
	uintptr_t end = ((uintptr_t)__builtin_frame_address(0) & ~(uintptr_t)(PAGE - 1)) - PAGE;

	syscall(SYS_madvise, end - STACK_LEFT, (size_t)STACK_LEFT, MADV_DONTNEED);
}

/* Only segments that can't be written: what was relocated exists nowhere else. The last one to go
 * is the header's, which this reads. */
static void give_back_program(void)
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
		syscall(SYS_madvise, start, end - start, MADV_DONTNEED);
	}
}

/**
 * resident_poll() - poll(2) with little memory; for waits that may be long
 *
 * Mustn't:
 *   - call more of the C library between giving back and waiting than syscall(2), whose pages are
 *     what stays
 */
int resident_poll(struct pollfd *polls, unsigned int count, int timeout_ms)
{
	struct timespec limit = { timeout_ms / 1000, timeout_ms % 1000 * 1000000L };

	give_back_stack();
	give_back_program();
	return (int)syscall(SYS_ppoll, polls, count, timeout_ms < 0 ? NULL : &limit, NULL, 0);
}
