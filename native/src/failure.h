/* The structure in which every stage reports a failure: only the first one, and by value, so that
 * it travels unchanged over a socket between processes. */
#ifndef BERTH_FAILURE_H
#define BERTH_FAILURE_H

enum { EXIT_ENGINE = 125, EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127 };

/**
 * struct failure - what a stage could not do
 * @error: errno, 0 where @reason says it
 * @status: exit status of the client: 125, 126 or 127
 * @stage: the action, a short stable phrase: "mount", "join user namespace"
 * @object: what the action was done to; empty prints no object
 * @reason: replaces strerror(@error) where the kernel's word says too little
 */
struct failure {
	int error;
	int status;
	char stage[48];
	char object[512];
	char reason[192];
};

/* Fills @failure with errno @error and returns -1. A long object is cut. */
int fail(struct failure *failure, const char *stage, const char *object, int error);

/* Like fail(), with a reason in words; @error may be 0. */
int fail_because(struct failure *failure, const char *stage, const char *object,
		 const char *reason, int error);

/* Prints `Error: STAGE "OBJECT": REASON`, and a hint where one is known, to @fd. */
void failure_print(const struct failure *failure, int fd);

#endif
