/* descriptors.c - closes what a process must not hold or pass on. */
#include <sys/syscall.h>
#include <unistd.h>

#include "descriptors.h"

void close_others(const int *kept, size_t count)
{
	unsigned int from = 3;

	for (;;) {
		unsigned int next = ~0U;

		for (size_t i = 0; i < count; i++)
			if (kept[i] >= 0 && (unsigned int)kept[i] >= from &&
			    (unsigned int)kept[i] < next)
				next = (unsigned int)kept[i];
		if (next > from)
			syscall(SYS_close_range, from, next == ~0U ? next : next - 1, 0);
		if (next == ~0U)
			return;
		from = next + 1;
	}
}
