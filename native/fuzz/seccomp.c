/* Fuzzes the reader of filters: what it takes can be compiled, else the failure says why. */
#include "seccomp.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libseccomp 2.5 loses nodes when it joins many rules with conditions on one call. The applet
 * compiles one text and ends, so only leaks of our own count. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libseccomp.so";
}

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
