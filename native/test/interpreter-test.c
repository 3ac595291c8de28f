/* Why a file that is there can't be executed: the program that it asks for is not. */
#include <sys/stat.h>

#include "interpreter.h"
#include "unit.h"

static char name[128];

static bool missing(const char *content)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/file", unit_scratch());
	unit_write(path, content);
	name[0] = '\0';
	return interpreter_missing(path, name, sizeof(name));
}

static void names_what_scripts_ask_for(void)
{
	CHECK(missing("#!/no/bash\necho"));
	CHECK_TEXT("/no/bash", name);
	CHECK(missing("#! \t/no/env -S x\n"));
	CHECK_TEXT("/no/env", name);
	CHECK(missing("#!/no/bash\r\necho\r\n"));
	CHECK_TEXT("/no/bash", name);
	CHECK(missing("#!/no/end"));
	CHECK_TEXT("/no/end", name);
}

static void is_silent_on_the_rest(void)
{
	char line[400];

	CHECK(!missing("#!/\n"));
	CHECK(!missing("#!\n") && !missing("#!") && !missing("") && !missing("text"));
	CHECK(!missing("\177ELF\2") && !missing("\177ELF"));
	memset(line, 'x', sizeof(line));
	memcpy(line, "#!/", 3);
	line[sizeof(line) - 1] = '\0';
	CHECK(!missing(line));
	CHECK(!interpreter_missing("/no/file", name, sizeof(name)));
	CHECK(!interpreter_missing("/", name, sizeof(name)));
	CHECK(!interpreter_missing("/proc/self/exe", name, sizeof(name)));
}

int main(void)
{
	RUN(names_what_scripts_ask_for);
	RUN(is_silent_on_the_rest);
	return unit_end("interpreters");
}
