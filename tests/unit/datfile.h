/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Writes files as trace-cmd's version 6 (trace-cmd.dat(5)), with records of the
 * layout that data/format-record.dat and data/format-error.dat describe.
 */
#ifndef UNIT_DATFILE_H
#define UNIT_DATFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vcpu_info_abi.h"

#define RAW_RECORD_ID	1622
#define RAW_ERROR_ID	1621

/* The layout that data/format-record.dat describes. */
struct raw_record {
	uint16_t type;
	uint8_t irq_flags;
	uint8_t preempt_count;
	int32_t thread;
	int32_t vm_pid;
	int32_t vm_fd;
	int32_t caller_id;
	int32_t vcpu_id;
	int32_t pid;
	int32_t ns_pid;
	int32_t cpu;
	uint32_t valid;
	uint8_t state;
	uint8_t flags;
	uint8_t attempts;
	uint8_t ns_level;
	uint64_t regs[VCPU_INFO_NR_REGS];
	uint64_t exits[8];
	uint64_t cookie;
	uint32_t reason;
	uint32_t end;	/* no field */
};

/* The layout that data/format-error.dat describes. */
struct raw_error {
	uint16_t type;
	uint8_t irq_flags;
	uint8_t preempt_count;
	int32_t thread;
	int32_t vm_pid;
	int32_t vm_fd;
	int32_t caller_id;
	int32_t vcpu_id;
	int32_t result;
	uint32_t reason;
	uint64_t count;
	uint64_t cookie;
	uint32_t request_reason;
	uint32_t end;	/* no field */
};

/* A record with something in every field but cookie and reason. */
struct raw_record raw_record(void);

struct datfile;

/**
 * datfile_new - start a file
 * @path: its path
 * @cpus: how many CPUs it is to have
 * @with_events: whether it has the formats of our events
 * @date: what to add to all times, in microseconds, as --date does
 */
struct datfile *datfile_new(const char *path, int cpus, bool with_events,
			    uint64_t date);

/* Go on with the next CPU; the first call starts with CPU 0. */
void datfile_next_cpu(struct datfile *file);

/* Add a record to this CPU's, in order of time. */
void datfile_add(struct datfile *file, uint64_t ts, const void *data,
		 size_t len);

/* The next page of this CPU says that so many events are missing before it. */
void datfile_lose(struct datfile *file, uint64_t nr);
void datfile_close(struct datfile *file);

#endif /* UNIT_DATFILE_H */
