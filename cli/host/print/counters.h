/* SPDX-License-Identifier: GPL-2.0 */
/*
 * KVM's counters of vCPUs, in the formats that records have.
 */
#ifndef HOST_PRINT_COUNTERS_H
#define HOST_PRINT_COUNTERS_H

#include "print/columns.h"
#include "print/printer.h"
#include "vm/host-device.h"
#include "vm/scan.h"

/**
 * struct counters - a printer of them; all zeroes but for @format and @out
 * @format: the format
 * @out: where to
 * @started: whether the names of columns are printed or held back
 * @columns: rows of the table that are not printed yet
 */
struct counters {
	enum format format;
	FILE *out;
	bool started;
	struct columns columns;
};

void counters_print(struct counters *counters, const struct vm *vm,
		    const struct vcpu_info_host_vcpu *vcpu);

/* Whatever was held back is printed and written out. */
void counters_flush(struct counters *counters);

#endif /* HOST_PRINT_COUNTERS_H */
