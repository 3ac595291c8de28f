/* Fuzzes the plan reader: a plan is refused, or all that it says can be read. */
#include "plan.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static unsigned char bytes[4096];
	struct failure failure;
	struct plan plan;
	uint64_t number;
	int64_t negative;

	if (plan_parse((const char *)data, size, &plan, &failure) < 0)
		return 0;
	for (size_t i = 0; i < plan.record_count; i++) {
		const struct plan_record *record = &plan.records[i];

		if (record->args[record->count] != NULL || plan_op_name(record->op) == NULL)
			abort();
		for (size_t arg = 0; arg < record->count; arg++) {
			parse_number(record->args[arg], UINT64_MAX, &number);
			parse_signed(record->args[arg], -1000, 1000, &negative);
			parse_hex(record->args[arg], bytes, sizeof(bytes));
		}
	}
	plan_free(&plan);
	return 0;
}
