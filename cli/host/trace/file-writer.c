// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "trace/file-writer.h"
#include "vcpu_info_abi.h"

/* The option with the difference to the time of day, in microseconds. */
#define OPTION_DATE 1

/* The data of a CPU goes to a file without a name until all is there. */
struct cpu_data {
	int fd; /* -1: none yet */
	uint64_t size;
};

struct name {
	int pid;
	char text[64];
};

struct file_writer {
	FILE *out;
	char dir[PATH_MAX];
	struct cpu_data *cpus;
	int nr_cpus;
	void *names; /* tree of struct name */
};

/* Without O_NONBLOCK a FIFO would wait for a reader only to be refused then. */
static FILE *open_output(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK,
		      0600);
	FILE *out = NULL;
	int err;

	if (fd >= 0 && lseek(fd, 0, SEEK_CUR) >= 0)
		out = fdopen(fd, "w");
	if (out)
		return out;
	/* a FIFO without a reader, or a socket */
	err = errno == ENXIO ? ESPIPE : errno;
	if (fd >= 0)
		close(fd);
	errno = err;
	return NULL;
}

struct file_writer *file_writer_open(const char *path)
{
	struct file_writer *writer = calloc(1, sizeof(*writer));
	char copy[PATH_MAX];

	if (!writer)
		return NULL;
	snprintf(copy, sizeof(copy), "%s", path);
	snprintf(writer->dir, sizeof(writer->dir), "%s", dirname(copy));
	writer->out = open_output(path);
	if (writer->out)
		return writer;
	free(writer);
	return NULL;
}

/* Not every file system can make a file without a name. */
static int open_nameless(const char *dir)
{
	char path[PATH_MAX + 32];
	int fd;

	/* of a file that is given by its descriptor no directory is known */
	if (!strcmp(dir, "/proc/self/fd"))
		return memfd_create("cpu", MFD_CLOEXEC);
	fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0)
		return fd;
	snprintf(path, sizeof(path), "%s/.vcpu-info.XXXXXX", dir);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	return fd;
}

static struct cpu_data *get_cpu(struct file_writer *writer, int cpu)
{
	struct cpu_data *data;

	if (cpu >= writer->nr_cpus) {
		struct cpu_data *bigger;

		bigger = reallocarray(writer->cpus, cpu + 1, sizeof(*bigger));
		if (!bigger)
			return NULL;
		for (int i = writer->nr_cpus; i <= cpu; i++)
			bigger[i] = (struct cpu_data){ .fd = -1 };
		writer->cpus = bigger;
		writer->nr_cpus = cpu + 1;
	}
	data = &writer->cpus[cpu];
	if (data->fd < 0)
		data->fd = open_nameless(writer->dir);
	return data->fd < 0 ? NULL : data;
}

static bool write_all(int fd, const char *data, size_t size)
{
	while (size) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		data += n;
		size -= n;
	}
	return true;
}

bool file_writer_add(struct file_writer *writer, int cpu, const void *data,
		     size_t size, size_t subbuf_size)
{
	struct cpu_data *to = get_cpu(writer, cpu);

	if (!to || size > subbuf_size || !write_all(to->fd, data, size))
		return false;
	/* each takes as much as it could have */
	to->size += subbuf_size;
	return lseek(to->fd, to->size, SEEK_SET) >= 0 &&
	       !ftruncate(to->fd, to->size);
}

static int compare(const void *a, const void *b)
{
	const struct name *x = a, *y = b;

	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

bool file_writer_has_name(const struct file_writer *writer, int pid)
{
	const struct name key = { .pid = pid };

	return tfind(&key, &writer->names, compare);
}

bool file_writer_add_name(struct file_writer *writer, int pid, const char *text)
{
	struct name *name;

	if (file_writer_has_name(writer, pid))
		return true;
	name = calloc(1, sizeof(*name));
	if (!name)
		return false;
	name->pid = pid;
	/* a line each: what would end it is not in there */
	snprintf(name->text, sizeof(name->text), "%.*s",
		 (int)strcspn(text, "\n"), text);
	if (tsearch(name, &writer->names, compare))
		return true;
	free(name);
	return false;
}

/* As it is where the modules can be: x86-64, little-endian. */
static void put_number(FILE *out, uint64_t number, size_t size)
{
	fwrite(&number, 1, size, out);
}

/* A text after its length, which takes size bytes. */
static void put_text(FILE *out, const char *text, size_t size)
{
	put_number(out, strlen(text), size);
	fputs(text, out);
}

/* A word, with the NUL after it. */
static void put_word(FILE *out, const char *word)
{
	fwrite(word, 1, strlen(word) + 1, out);
}

static void put_headers(FILE *out, const struct file_formats *formats)
{
	put_word(out, "\027\010Dtracing6");
	put_number(out, 0, 1); /* little-endian */
	put_number(out, sizeof(long), 1);
	put_number(out, formats->subbuf_size, 4);
	put_word(out, "header_page");
	put_text(out, formats->header_page, 8);
	put_word(out, "header_event");
	put_text(out, formats->header_event, 8);
}

static void put_events(FILE *out, const struct file_formats *formats)
{
	int nr = !!formats->events[0] + !!formats->events[1];

	put_number(out, 0, 4); /* formats of ftrace's own events */
	put_number(out, 1, 4); /* systems */
	put_word(out, VCPU_INFO_SYSTEM);
	put_number(out, nr, 4);
	for (int i = 0; i < 2; i++) {
		if (formats->events[i])
			put_text(out, formats->events[i], 8);
	}
	put_number(out, 0, 4); /* kernel symbols */
	put_number(out, 0, 4); /* formats of trace_printk() */
}

static void put_name(const void *node, VISIT when, void *arg)
{
	const struct name *name = *(struct name *const *)node;

	if (when == postorder || when == leaf)
		fprintf(arg, "%d %s\n", name->pid, name->text);
}

static bool put_names(FILE *out, const void *names)
{
	size_t size = 0;
	char *text = NULL;
	FILE *list = open_memstream(&text, &size);

	if (!list)
		return false;
	twalk_r(names, put_name, list);
	if (fclose(list))
		return false;
	put_number(out, size, 8);
	fwrite(text, 1, size, out);
	free(text);
	return true;
}

static void put_options(FILE *out, const struct file_formats *formats)
{
	char text[32];

	put_word(out, "options  ");
	snprintf(text, sizeof(text), "0x%" PRIx64,
		 formats->clock_offset_ns / 1000);
	put_number(out, OPTION_DATE, 2);
	put_number(out, strlen(text) + 1, 4);
	put_word(out, text);
	put_number(out, 0, 2); /* no more options */
}

/* Where a CPU's data may begin. */
static uint64_t align(uint64_t offset, uint64_t size)
{
	return (offset + size - 1) / size * size;
}

static void put_cpus(const struct file_writer *writer, size_t subbuf_size)
{
	uint64_t offset;

	put_word(writer->out, "flyrecord");
	offset = align(ftello(writer->out) + 16ULL * writer->nr_cpus,
		       subbuf_size);
	for (int i = 0; i < writer->nr_cpus; i++) {
		put_number(writer->out, offset, 8);
		put_number(writer->out, writer->cpus[i].size, 8);
		offset = align(offset + writer->cpus[i].size, subbuf_size);
	}
}

/* An output that fails stays where it is: there is no waiting for its offset. */
static bool pad(FILE *out, size_t size)
{
	off_t offset = ftello(out);

	if (offset < 0)
		return false;
	for (uint64_t n = align(offset, size) - offset; n; n--) {
		if (putc(0, out) == EOF)
			return false;
	}
	return true;
}

static bool copy_cpu(const struct cpu_data *data, FILE *out, size_t subbuf_size)
{
	char buf[65536];
	off_t pos = 0;
	ssize_t n;

	if (!pad(out, subbuf_size))
		return false;
	if (data->fd < 0)
		return true;
	while ((n = pread(data->fd, buf, sizeof(buf), pos)) > 0) {
		if (fwrite(buf, 1, n, out) != (size_t)n)
			return false;
		pos += n;
	}
	return !n;
}

bool file_writer_finish(struct file_writer *writer,
			const struct file_formats *formats)
{
	FILE *out = writer->out;
	bool ok = true;

	/* a file without CPUs is not one that can be read */
	if (!writer->nr_cpus && !get_cpu(writer, 0))
		return false;
	put_headers(out, formats);
	put_events(out, formats);
	if (!put_names(out, writer->names))
		return false;
	put_number(out, writer->nr_cpus, 4);
	put_options(out, formats);
	put_cpus(writer, formats->subbuf_size);
	for (int i = 0; ok && i < writer->nr_cpus; i++)
		ok = copy_cpu(&writer->cpus[i], out, formats->subbuf_size);
	return ok && !fflush(out) && !ferror(out);
}

void file_writer_free(struct file_writer *writer)
{
	if (!writer)
		return;
	for (int i = 0; i < writer->nr_cpus; i++) {
		if (writer->cpus[i].fd >= 0)
			close(writer->cpus[i].fd);
	}
	free(writer->cpus);
	tdestroy(writer->names, free);
	fclose(writer->out);
	free(writer);
}
