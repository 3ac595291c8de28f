/* Which controllers are handed on to the cgroups of root's containers. */
#include "root-cgroup.h"
#include "unit.h"

static void hands_on_what_is_missing(void)
{
	char words[64];

	CHECK(root_cgroup_missing("cpuset cpu io memory hugetlb pids\n", "", words, sizeof(words)));
	CHECK_TEXT("+cpu +cpuset +io +memory +pids", words);
	CHECK(root_cgroup_missing("cpuset cpu pids", "pids cpuset\n", words, sizeof(words)));
	CHECK_TEXT("+cpu", words);
	CHECK(!root_cgroup_missing("cpu memory\n", "memory cpu\n", words, sizeof(words)));
	CHECK_TEXT("", words);
	CHECK(!root_cgroup_missing("", "", words, sizeof(words)));
	CHECK(!root_cgroup_missing("cpuacct memoryx\n", "", words, sizeof(words)));
}

int main(void)
{
	RUN(hands_on_what_is_missing);
	return unit_end("cgroup of root's containers");
}
