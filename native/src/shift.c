/* Merges layers: upper names and whiteouts hide what is below; whiteouts are left out. */
#include "shift.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { LAYERS_MAX = 500 };

/* Where the layers' contents are found, and the copy. */
struct merge {
	struct copy copy;
	struct shift *shift;
	const char *data[LAYERS_MAX];
};

/* The layers that have a folder, top one first. */
struct stack {
	int fds[LAYERS_MAX];
	int layers[LAYERS_MAX];	/* which of all */
	int count;
};

static const char mark[] = ".wh.", opaque_mark[] = ".wh..wh..opq";

static int compare_names(const void *one, const void *other)
{
	return strcmp(one, other);
}

static bool is_hidden(void *const *hidden, const char *name)
{
	return tfind(name, hidden, compare_names) != NULL;
}

static int hide(void **hidden, const char *name)
{
	char *copy = strdup(name), *const *found;

	if (copy == NULL)
		return -1;
	found = tsearch(copy, hidden, compare_names);
	if (found == NULL || *found != copy)
		free(copy);
	return found == NULL ? -1 : 0;
}

static void close_stack(struct stack *stack)
{
	while (stack->count > 0)
		close(stack->fds[--stack->count]);
	free(stack);
}

static bool is_whiteout(const struct stat *status)
{
	return S_ISCHR(status->st_mode) && status->st_rdev == 0;
}

/* Whiteouts are named in stores that can't hold overlay's own: no archive makes such a file. */
static bool is_marked(int folder, const char *name)
{
	struct stat status;

	return fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISREG(status.st_mode);
}

static bool is_opaque(int folder)
{
	char value;

	return (fgetxattr(folder, "user.overlay.opaque", &value, 1) == 1 && value == 'y') ||
	       is_marked(folder, opaque_mark);
}

static bool is_hidden_in(int folder, const char *name)
{
	char marked[NAME_MAX + sizeof(mark)];

	snprintf(marked, sizeof(marked), "%s%s", mark, name);
	return is_marked(folder, marked);
}

/* The folders called @name from the layer @first down to the one that hides the rest. */
static struct stack *open_stack(const struct stack *above, int first, const char *name)
{
	struct stack *stack = calloc(1, sizeof(*stack));

	for (int i = first; stack != NULL && i < above->count; i++) {
		int fd = openat(above->fds[i], name,
				O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (fd < 0 && errno == ENOENT && !is_hidden_in(above->fds[i], name))
			continue;
		if (fd < 0)
			break;
		stack->fds[stack->count] = fd;
		stack->layers[stack->count++] = above->layers[i];
		if (is_opaque(fd))
			break;
	}
	return stack;
}

static int merge_folder(struct merge *merge, const struct stack *stack, int to);

static int merge_subfolder(struct merge *merge, const struct stack *above, int first, int to,
			   const char *name)
{
	struct stack *stack = open_stack(above, first, name);
	int folder = -1, result = -1, error;
	struct stat status;

	if (stack == NULL || stack->count == 0 || merge->copy.depth >= MAX_DEPTH) {
		errno = stack == NULL ? ENOMEM : ELOOP;
	} else if (fstat(stack->fds[0], &status) == 0 && mkdirat(to, name, 0700) == 0) {
		folder = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		merge->copy.depth++;
		if (folder >= 0 && merge_folder(merge, stack, folder) == 0)
			result = copy_metadata(&merge->copy, stack->fds[0], folder, &status);
		merge->copy.depth--;
	}
	error = errno;
	if (folder >= 0)
		close(folder);
	if (stack != NULL)
		close_stack(stack);
	errno = error;
	return result;
}

/* One folder being merged: the layer at @at of @stack into @to. */
struct merged_layer {
	struct merge *merge;
	const struct stack *stack;
	void **hidden;	/* names that lower layers don't show, in a tree of tsearch(3) */
	int at, to;
};

static int merge_entry(void *context, const char *name)
{
	const struct merged_layer *layer = context;
	const struct stack *stack = layer->stack;
	struct merge *merge = layer->merge;
	int from = stack->fds[layer->at];
	struct stat status;

	if (is_hidden(layer->hidden, name))
		return 0;
	if (fstatat(from, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return -1;
	if (is_whiteout(&status))
		return hide(layer->hidden, name);
	if (strncmp(name, mark, sizeof(mark) - 1) == 0 && S_ISREG(status.st_mode))
		return hide(layer->hidden, name + sizeof(mark) - 1);
	if (layer->at + 1 < stack->count && hide(layer->hidden, name) < 0)
		return -1;
	if (S_ISDIR(status.st_mode))
		return merge_subfolder(merge, stack, layer->at, layer->to, name);
	merge->shift->data = merge->data[stack->layers[layer->at]];
	return copy_entry(&merge->copy, from, layer->to, name);
}

static int merge_folder(struct merge *merge, const struct stack *stack, int to)
{
	void *hidden = NULL;
	int result = 0, error;

	for (int i = 0; result == 0 && i < stack->count; i++) {
		struct merged_layer layer = {merge, stack, &hidden, i, to};

		result = copy_each(&merge->copy, stack->fds[i], merge_entry, &layer);
	}
	error = errno;
	tdestroy(hidden, free);
	errno = error;
	return result;
}

static int open_layers(char *const layers[], const char *data_root, struct merge *merge,
		       struct stack *stack, struct failure *failure)
{
	size_t root_length = data_root == NULL ? 0 : strlen(data_root);

	for (; layers[stack->count] != NULL; stack->count++) {
		const char *path = layers[stack->count];
		int fd;

		if (stack->count == LAYERS_MAX)
			return fail_because(failure, "merge layers", path, "more than 500", 0);
		if (data_root != NULL && (strncmp(path, data_root, root_length) != 0 ||
					  path[root_length] != '/'))
			return fail_because(failure, "merge layers", path,
					    "not below the layer of data", 0);
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			return fail(failure, "open layer", path, errno);
		stack->fds[stack->count] = fd;
		stack->layers[stack->count] = stack->count;
		merge->data[stack->count] = data_root == NULL ? NULL : path + root_length;
	}
	return stack->count > 0 ? 0 : fail_because(failure, "merge layers", "", "none", 0);
}

int tree_shift(char *const layers[], int to, struct shift *shift, const char *data_root,
	       struct failure *failure)
{
	static struct merge merge;
	struct stack *stack = calloc(1, sizeof(*stack));
	struct stat status;
	int result;

	if (stack == NULL)
		return fail(failure, "merge layers", "", ENOMEM);
	memset(&merge, 0, sizeof(merge));
	merge.copy.to = to;
	merge.copy.shift = merge.shift = shift;
	result = open_layers(layers, data_root, &merge, stack, failure);
	if (result == 0 && (merge_folder(&merge, stack, to) < 0 ||
			    fstat(stack->fds[0], &status) < 0 ||
			    copy_metadata(&merge.copy, stack->fds[0], to, &status) < 0))
		result = fail(failure, "copy", merge.copy.path, errno);
	close_stack(stack);
	copy_end(&merge.copy);
	return result;
}
