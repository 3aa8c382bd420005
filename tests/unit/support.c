// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support.h"
#include "unit.h"

static bool fail_next[NR_ALLOC_FUNCTIONS];

void alloc_fail_next(enum alloc_function function)
{
	fail_next[function] = true;
}

static bool fails(enum alloc_function function)
{
	bool yes = fail_next[function];

	fail_next[function] = false;
	if (yes)
		errno = ENOMEM;
	return yes;
}

/* ld --wrap has our code call these for the functions of that name. */
void *__real_calloc(size_t nr, size_t size);
void *__wrap_calloc(size_t nr, size_t size);
void *__real_reallocarray(void *old, size_t nr, size_t size);
void *__wrap_reallocarray(void *old, size_t nr, size_t size);
void *__real_tsearch(const void *key, void **root,
		     int (*compare)(const void *a, const void *b));
void *__wrap_tsearch(const void *key, void **root,
		     int (*compare)(const void *a, const void *b));

void *__wrap_calloc(size_t nr, size_t size)
{
	return fails(ALLOC_CALLOC) ? NULL : __real_calloc(nr, size);
}

void *__wrap_reallocarray(void *old, size_t nr, size_t size)
{
	return fails(ALLOC_REALLOCARRAY) ? NULL :
	       __real_reallocarray(old, nr, size);
}

void *__wrap_tsearch(const void *key, void **root,
		     int (*compare)(const void *a, const void *b))
{
	return fails(ALLOC_TSEARCH) ? NULL :
	       __real_tsearch(key, root, compare);
}

char *tree_make(void)
{
	const char *tmp = getenv("TMPDIR");
	char *root;

	assert_true(asprintf(&root, "%s/vcpu-info-unit.XXXXXX",
			     tmp ? tmp : "/tmp") > 0);
	assert_non_null(mkdtemp(root));
	return root;
}

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void tree_remove(char *root)
{
	assert_int_equal(nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
	free(root);
}

static void full_path(char *full, const char *root, const char *path)
{
	assert_true(snprintf(full, PATH_MAX, "%s%s", root, path) < PATH_MAX);
}

/* The path below root, whose directories are there then. */
static void make_way(char *full, const char *root, const char *path)
{
	full_path(full, root, path);
	for (char *p = full + strlen(root) + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		assert_true(!mkdir(full, 0755) || errno == EEXIST);
		*p = '/';
	}
}

static FILE *tree_create(const char *root, const char *path)
{
	char full[PATH_MAX];
	FILE *f;

	make_way(full, root, path);
	f = fopen(full, "we");
	assert_non_null(f);
	return f;
}

void tree_write(const char *root, const char *path, const char *fmt, ...)
{
	FILE *f = tree_create(root, path);
	va_list ap;

	va_start(ap, fmt);
	vfprintf(f, fmt, ap);
	va_end(ap);
	assert_int_equal(fclose(f), 0);
}

void tree_bytes(const char *root, const char *path, const void *data,
		size_t len)
{
	FILE *f = tree_create(root, path);

	assert_int_equal(fwrite(data, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

void tree_link(const char *root, const char *path, const char *target)
{
	char full[PATH_MAX];

	make_way(full, root, path);
	assert_int_equal(symlink(target, full), 0);
}

void tree_process(const char *root, int pid, const char *comm,
		  const char *cmdline, size_t len)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	tree_write(root, path, "%s\n", comm);
	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	tree_write(root, path,
		   "%d (%s) S 1 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 5 0 3000 99 98 97\n",
		   pid, comm);
	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	tree_bytes(root, path, cmdline, len);
}

void tree_copy(const char *root, const char *path, const char *name)
{
	size_t len;
	char *data = data_read(name, &len);

	tree_bytes(root, path, data, len);
	free(data);
}

void tree_delete(const char *root, const char *path)
{
	char full[PATH_MAX];

	full_path(full, root, path);
	assert_int_equal(remove(full), 0);
}

/* All of a file, with a NUL after it; NULL if there is none. */
static char *read_all(FILE *f, size_t *len)
{
	char chunk[4096];
	char *data = NULL;
	size_t size, n;
	FILE *out;

	if (!f)
		return NULL;
	out = open_memstream(&data, &size);
	assert_non_null(out);
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		assert_int_equal(fwrite(chunk, 1, n, out), n);
	assert_int_equal(ferror(f), 0);
	fclose(out);
	fclose(f);
	if (len)
		*len = size;
	return data;
}

char *data_read(const char *name, size_t *len)
{
	char path[PATH_MAX];
	char *data;

	snprintf(path, sizeof(path), TEST_DIR "data/%s", name);
	data = read_all(fopen(path, "re"), len);
	if (!data)
		fail_msg("cannot read %s", path);
	return data;
}

/* Have a stream write to a temporary file; returns where it wrote before. */
static int redirect(FILE *stream, FILE *to)
{
	int saved;

	assert_non_null(to);
	fflush(stream);
	saved = dup(fileno(stream));
	assert_true(saved >= 0);
	assert_true(dup2(fileno(to), fileno(stream)) >= 0);
	return saved;
}

static char *restore(FILE *stream, int saved, FILE *file)
{
	fflush(stream);
	assert_true(dup2(saved, fileno(stream)) >= 0);
	close(saved);
	rewind(file);
	return read_all(file, NULL);
}

struct captured capture(int (*fn)(void *arg), void *arg)
{
	FILE *out = tmpfile();
	FILE *err = tmpfile();
	struct captured cap;
	int old_out = redirect(stdout, out);
	int old_err = redirect(stderr, err);

	cap.ret = fn(arg);
	cap.out = restore(stdout, old_out, out);
	cap.err = restore(stderr, old_err, err);
	return cap;
}

void captured_free(struct captured *cap)
{
	free(cap->out);
	free(cap->err);
}

void golden_check(const char *name, const char *text)
{
	char path[PATH_MAX];
	char *want;

	snprintf(path, sizeof(path), TEST_DIR "golden/%s", name);
	if (getenv("UPDATE_GOLDEN")) {
		FILE *f = fopen(path, "we");

		assert_non_null(f);
		fputs(text, f);
		assert_int_equal(fclose(f), 0);
		return;
	}
	want = read_all(fopen(path, "re"), NULL);
	if (!want)
		fail_msg("cannot read %s", path);
	if (strcmp(want, text))
		fail_msg("output is not that of golden/%s:\n%s", name, text);
	free(want);
}
