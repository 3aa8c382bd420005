/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a VMM's command line says of the VM it runs.
 */
#ifndef HOST_VM_COMMAND_LINE_H
#define HOST_VM_COMMAND_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "text.h"

/**
 * struct command_line - a VMM and its VM
 * @vmm: kind of VMM ("qemu", "cloud-hypervisor", ...), NULL if not known
 * @name: name of the VM as it was given, "" if it has none that is known
 * @uuid: its UUID, "" if it has none that is known
 */
struct command_line {
	const char *vmm;
	char name[TEXT_SIZE];
	char uuid[37];
};

/* From a /proc/PID/cmdline: arguments, each with a NUL after it. */
void command_line_parse(struct command_line *vm, const char *cmdline,
			size_t len);

#endif /* HOST_VM_COMMAND_LINE_H */
