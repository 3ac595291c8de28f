/* Fuzzes the reader of filters: what it takes can be compiled, else the failure says why. */
#include "seccomp.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct failure failure = {0};
	FILE *rules = size == 0 ? NULL : fmemopen((void *)data, size, "r");
	int out = memfd_create("program", MFD_CLOEXEC);

	if (rules != NULL && seccomp_compile(rules, out, &failure) < 0 && failure.stage[0] == '\0')
		abort();
	if (rules != NULL)
		fclose(rules);
	close(out);
	return 0;
}
