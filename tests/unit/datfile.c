// SPDX-License-Identifier: GPL-2.0
#include "unit.h"

#include "datfile.h"
#include "support.h"

#define PAGE		4096
#define PAGE_HEADER	16
#define MAX_DELTA	(1ULL << 27)
#define MAX_CPUS	8

/* In the length that a page's header has. */
#define MISSED_EVENTS	(1U << 31)
#define MISSED_STORED	(1U << 30)

struct datfile {
	FILE *f;
	int cpus;
	int cpu;		/* -1 before the first */
	long table;		/* where the CPUs' offsets are */
	long start[MAX_CPUS];
	uint64_t lost;
	uint64_t ts;		/* of the last record on this page */
	size_t used;		/* bytes of records on this page */
	unsigned char page[PAGE];
};

struct raw_record raw_record(void)
{
	struct raw_record rec = {
		.type = RAW_RECORD_ID, .thread = 1239, .vm_pid = 1234,
		.vm_fd = 10, .vcpu_id = 1, .pid = 1240, .ns_pid = 7,
		.cpu = -1, .valid = 0x3dffff,
		.state = VCPU_INFO_STATE_USER, .flags = 2, .attempts = 255,
		.ns_level = 1,
	};

	for (int i = 0; i < VCPU_INFO_NR_REGS; i++)
		rec.regs[i] = 0xffffffff00000000ULL + i;
	rec.regs[VCPU_INFO_REG_RFLAGS] = 0;
	for (int i = 0; i < 8; i++)
		rec.exits[i] = UINT64_MAX - i;
	return rec;
}

static void put(struct datfile *file, const void *data, size_t len)
{
	assert_int_equal(fwrite(data, 1, len, file->f), len);
}

static void put_number(struct datfile *file, uint64_t number, size_t size)
{
	put(file, &number, size);	/* this machine is little-endian */
}

/* A text after its length, which takes size bytes. */
static void put_text(struct datfile *file, const char *text, size_t size)
{
	put_number(file, strlen(text), size);
	put(file, text, strlen(text));
}

static void put_format(struct datfile *file, const char *name)
{
	char *text = data_read(name, NULL);

	put_text(file, text, 8);
	free(text);
}

static void put_headers(struct datfile *file)
{
	static const char magic[] = "\027\010Dtracing6";

	put(file, magic, sizeof(magic));
	put_number(file, 0, 1);			/* little-endian */
	put_number(file, 8, 1);			/* size of a long */
	put_number(file, PAGE, 4);
	put(file, "header_page", 12);
	put_text(file, "\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;\n\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n\tfield: char data;\toffset:16;\tsize:4080;\tsigned:1;\n",
		 8);
	put(file, "header_event", 13);
	put_text(file, "# compressed entry header\n\ttype_len    :    5 bits\n\ttime_delta  :   27 bits\n\tarray       :   32 bits\n\n\tpadding     : type == 29\n\ttime_extend : type == 30\n\ttime_stamp : type == 31\n\tdata max type_len  == 28\n",
		 8);
}

static void put_events(struct datfile *file, bool with_events)
{
	put_number(file, 0, 4);			/* ftrace's own formats */
	put_number(file, with_events, 4);	/* systems */
	if (with_events) {
		put(file, "vcpu_info", 10);
		put_number(file, 2, 4);
		put_format(file, "format-record.dat");
		put_format(file, "format-error.dat");
	}
	put_text(file, "", 4);			/* symbols */
	put_text(file, "", 4);			/* trace_printk's formats */
	put_text(file, "1234 qemu-system-x86\n1239 CPU 0/KVM\n", 8);
}

static void put_options(struct datfile *file, uint64_t date)
{
	char text[32];

	put(file, "options  ", 10);
	if (date) {
		snprintf(text, sizeof(text), "0x%llx",
			 (unsigned long long)date);
		put_number(file, 1, 2);		/* the date's offset */
		put_number(file, strlen(text) + 1, 4);
		put(file, text, strlen(text) + 1);
	}
	put_number(file, 0, 2);
}

struct datfile *datfile_new(const char *path, int cpus, bool with_events,
			    uint64_t date)
{
	struct datfile *file = calloc(1, sizeof(*file));

	assert_non_null(file);
	file->f = fopen(path, "we");
	assert_non_null(file->f);
	file->cpus = cpus;
	file->cpu = -1;
	put_headers(file);
	put_events(file, with_events);
	put_number(file, cpus, 4);
	put_options(file, date);
	put(file, "flyrecord", 10);
	file->table = ftell(file->f);
	for (int i = 0; i < 2 * cpus; i++)
		put_number(file, 0, 8);
	return file;
}

static void end_page(struct datfile *file)
{
	uint64_t len = file->used;

	if (!file->used)
		return;
	if (file->lost && file->used + sizeof(file->lost) <=
			  PAGE - PAGE_HEADER) {
		len |= MISSED_EVENTS | MISSED_STORED;
		memcpy(file->page + PAGE_HEADER + file->used, &file->lost, 8);
		file->lost = 0;
	}
	memcpy(file->page + 8, &len, 8);
	put(file, file->page, PAGE);
	memset(file->page, 0, PAGE);
	file->used = 0;
}

static void end_cpu(struct datfile *file)
{
	end_page(file);
	while (ftell(file->f) % PAGE)
		fputc(0, file->f);
	file->start[file->cpu + 1] = ftell(file->f);
}

void datfile_next_cpu(struct datfile *file)
{
	end_cpu(file);
	file->cpu++;
}

void datfile_add(struct datfile *file, uint64_t ts, const void *data,
		 size_t len)
{
	size_t padded = (len + 3) & ~(size_t)3;
	uint32_t head[2] = { 0, padded + 4 };

	if (file->used && (ts - file->ts >= MAX_DELTA || file->used + 8 +
			   padded > PAGE - PAGE_HEADER))
		end_page(file);
	if (!file->used) {
		memcpy(file->page, &ts, 8);
		file->ts = ts;
	}
	head[0] = (ts - file->ts) << 5;
	memcpy(file->page + PAGE_HEADER + file->used, head, 8);
	memcpy(file->page + PAGE_HEADER + file->used + 8, data, len);
	file->used += 8 + padded;
	file->ts = ts;
}

void datfile_lose(struct datfile *file, uint64_t nr)
{
	end_page(file);
	file->lost = nr;
}

void datfile_close(struct datfile *file)
{
	end_cpu(file);
	fseek(file->f, file->table, SEEK_SET);
	for (int i = 0; i < file->cpus; i++) {
		put_number(file, file->start[i], 8);
		put_number(file, file->start[i + 1] - file->start[i], 8);
	}
	assert_int_equal(fclose(file->f), 0);
	free(file);
}
