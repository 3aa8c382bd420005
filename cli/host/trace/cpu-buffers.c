// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <kbuffer.h>
#include <tracefs.h>

#include "num.h"
#include "trace/cpu-buffers.h"

/* Sub-buffers of a CPU in a round: 256 KiB where they are of a page. */
#define ROUND_SUBBUFS	64

struct cpubuf {
	int cpu;
	struct tracefs_cpu *tcpu;
};

struct cpu_buffers {
	struct reorder *records;
	struct kbuffer *kbuf;
	char *subbuf;
	int subbuf_size;
	bool more;
	unsigned int nr;
	struct cpubuf *bufs;
};

static bool add_cpu(struct cpu_buffers *bufs, struct tracefs_instance *instance,
		    int cpu)
{
	struct cpubuf *grown;

	grown = reallocarray(bufs->bufs, bufs->nr + 1, sizeof(*grown));
	if (!grown)
		return false;
	bufs->bufs = grown;
	grown[bufs->nr] = (struct cpubuf){
		.cpu = cpu,
		.tcpu = tracefs_cpu_open(instance, cpu, true),
	};
	if (!grown[bufs->nr].tcpu)
		return false;
	bufs->subbuf_size = tracefs_cpu_read_size(grown[bufs->nr].tcpu);
	bufs->nr++;
	return true;
}

static bool add_cpus(struct cpu_buffers *bufs,
		     struct tracefs_instance *instance)
{
	struct dirent *entry;
	bool ok = true;
	long long cpu;
	char *path;
	DIR *dir;

	path = tracefs_instance_get_file(instance, "per_cpu");
	dir = path ? opendir(path) : NULL;
	tracefs_put_tracing_file(path);
	if (!dir)
		return false;
	while (ok && (entry = readdir(dir))) {
		if (!strncmp(entry->d_name, "cpu", 3) &&
		    num_parse_int(entry->d_name + 3, 0, INT_MAX, &cpu))
			ok = add_cpu(bufs, instance, cpu);
	}
	closedir(dir);
	return ok && bufs->nr;
}

struct cpu_buffers *cpu_buffers_open(struct tracefs_instance *instance)
{
	struct cpu_buffers *bufs = calloc(1, sizeof(*bufs));
	int err;

	if (!bufs)
		return NULL;
	if (add_cpus(bufs, instance) && bufs->subbuf_size > 0) {
		/* as it is where the modules can be: x86-64 */
		bufs->kbuf = kbuffer_alloc(KBUFFER_LSIZE_8,
					   KBUFFER_ENDIAN_LITTLE);
		bufs->subbuf = malloc(bufs->subbuf_size);
		bufs->records = reorder_new(bufs->nr);
	}
	if (bufs->kbuf && bufs->subbuf && bufs->records)
		return bufs;
	err = errno;
	cpu_buffers_close(bufs);
	errno = err;
	return NULL;
}

void cpu_buffers_close(struct cpu_buffers *bufs)
{
	if (!bufs)
		return;
	for (unsigned int i = 0; i < bufs->nr; i++)
		tracefs_cpu_close(bufs->bufs[i].tcpu);
	free(bufs->bufs);
	reorder_free(bufs->records);
	if (bufs->kbuf)
		kbuffer_free(bufs->kbuf);
	free(bufs->subbuf);
	free(bufs);
}

static bool add_subbuf(struct cpu_buffers *bufs, unsigned int index)
{
	unsigned long long ts;
	void *data;

	kbuffer_load_subbuffer(bufs->kbuf, bufs->subbuf);
	for (data = kbuffer_read_event(bufs->kbuf, &ts); data;
	     data = kbuffer_next_event(bufs->kbuf, &ts)) {
		const struct reorder_rec rec = {
			.ts = ts,
			.cpu = index,
			.data = data,
			.size = kbuffer_event_size(bufs->kbuf),
		};

		if (!reorder_add(bufs->records, &rec))
			return false;
	}
	return true;
}

static bool read_cpu(struct cpu_buffers *bufs, unsigned int index)
{
	int got;

	for (int i = 0; i < ROUND_SUBBUFS; i++) {
		got = tracefs_cpu_read(bufs->bufs[index].tcpu, bufs->subbuf,
				       true);
		if (got <= 0)
			return !got || errno == EINTR;
		if (!add_subbuf(bufs, index))
			return false;
	}
	reorder_cut(bufs->records, index);
	bufs->more = true;
	return true;
}

bool cpu_buffers_read(struct cpu_buffers *bufs)
{
	bool ok = true;

	bufs->more = false;
	for (unsigned int i = 0; ok && i < bufs->nr; i++)
		ok = read_cpu(bufs, i);
	reorder_round(bufs->records);
	return ok;
}

static bool hand_over(struct cpu_buffers *bufs, int cpu, size_t size,
		      subbuf_fn *subbuf, record_fn *record, void *arg)
{
	unsigned long long ts;
	void *data;

	if (!subbuf(cpu, bufs->subbuf, size, arg))
		return false;
	kbuffer_load_subbuffer(bufs->kbuf, bufs->subbuf);
	for (data = kbuffer_read_event(bufs->kbuf, &ts); data;
	     data = kbuffer_next_event(bufs->kbuf, &ts)) {
		if (!record(data, kbuffer_event_size(bufs->kbuf), arg))
			return false;
	}
	return true;
}

bool cpu_buffers_read_raw(struct cpu_buffers *bufs, subbuf_fn *subbuf,
			  record_fn *record, void *arg)
{
	bufs->more = false;
	for (unsigned int i = 0; i < bufs->nr; i++) {
		struct cpubuf *buf = &bufs->bufs[i];
		int got = 1;

		for (int nr = 0; got > 0 && nr < ROUND_SUBBUFS; nr++) {
			got = tracefs_cpu_read(buf->tcpu, bufs->subbuf, true);
			if (got < 0 && errno != EINTR)
				return false;
			if (got > 0 && !hand_over(bufs, buf->cpu, got, subbuf,
						  record, arg))
				return false;
		}
		bufs->more |= got > 0;
	}
	return true;
}

size_t cpu_buffers_subbuf_size(const struct cpu_buffers *bufs)
{
	return bufs->subbuf_size;
}

bool cpu_buffers_have_more(const struct cpu_buffers *bufs)
{
	return bufs->more;
}

struct reorder *cpu_buffers_records(struct cpu_buffers *bufs)
{
	return bufs->records;
}

int cpu_buffers_cpu(const struct cpu_buffers *bufs, unsigned int index)
{
	return bufs->bufs[index].cpu;
}
