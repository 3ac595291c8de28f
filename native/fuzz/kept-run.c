/* Fuzzes the reader of kept runs: one is refused, or a container can be made of it. */
#include "../src/kept-run.c"
#include "new-container.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct kept_run run;
	static struct new_container container = { .run = &run };
	static char *words[] = { (char *)"sh", (char *)"-c", (char *)"echo \"\n", NULL };

	run = (struct kept_run){ 0 };
	memcpy(run.text, data, size > KEPT_MAX ? KEPT_MAX : size);
	if (size > KEPT_MAX || !read_run(&run, size) || !take_command(&run, words))
		return 0;
	for (size_t i = 0; i < run.file_count; i++) {
		struct filled out = { .text = container.text, .room = sizeof(container.text) };

		fill_holes(&out, run.files[i].text, run.files[i].size, &container);
	}
	return 0;
}
