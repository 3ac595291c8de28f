/* The capability sets of the calling process (capabilities(7)), without a library for them. */
#include "capabilities.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { CAPABILITIES_MAX = 64 };

int capabilities_set(uint64_t effective, uint64_t permitted, uint64_t inheritable)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {
		{(uint32_t)effective, (uint32_t)permitted, (uint32_t)inheritable},
		{(uint32_t)(effective >> 32), (uint32_t)(permitted >> 32),
		 (uint32_t)(inheritable >> 32)},
	};

	return (int)syscall(SYS_capset, &header, data);
}

uint64_t capabilities_permitted(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{0}};

	if (syscall(SYS_capget, &header, data) < 0)
		return 0;
	return data[0].permitted | (uint64_t)data[1].permitted << 32;
}

int capabilities_raise_ambient(uint64_t ambient)
{
	for (unsigned long cap = 0; cap < CAPABILITIES_MAX && ambient >> cap != 0; cap++)
		if ((ambient >> cap & 1) != 0 &&
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
			return -1;
	return 0;
}

/* The list ends at the first number that the kernel does not know. */
int capabilities_bound(uint64_t bounding)
{
	for (unsigned long cap = 0; cap < CAPABILITIES_MAX; cap++)
		if ((bounding >> cap & 1) == 0 && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return errno == EINVAL ? 0 : -1;
	return 0;
}

/* The kernel also drops the ambient capabilities that are no longer permitted. */
void capabilities_give_up(void)
{
	if (getuid() != 0 && capabilities_permitted() != 0 && capabilities_set(0, 0, 0) < 0)
		abort();
}
