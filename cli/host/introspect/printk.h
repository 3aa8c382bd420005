/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The messages of a guest's kernel, out of the ring that printk() keeps them in
 * (kernel/printk/printk_ringbuffer.h, Linux 5.10 and later). Needs the kernel's BTF.
 */
#ifndef INTROSPECT_PRINTK_H
#define INTROSPECT_PRINTK_H

#include "kernel.h"

/**
 * struct guest_message - what the kernel has said at once
 * @seq: its number since the boot
 * @ts_ns: nanoseconds since the boot, by the guest's clock
 * @level: 0 (emergency) to 7 (debug)
 * @facility: 0: the kernel itself; others, as in syslog(3), wrote to /dev/kmsg
 * @text: as the guest wrote it, and a NUL; may have several lines, and anything
 */
struct guest_message {
	uint64_t seq;
	uint64_t ts_ns;
	unsigned int level;
	unsigned int facility;
	char *text;
};

/* Longest text; the kernel's own limit is 2 KiB. */
#define GUEST_MESSAGE_SIZE	4096

/**
 * struct guest_messages - all that the ring has
 * @list: from the oldest to the newest, for guest_messages_free()
 * @nr: their number
 * @torn: how many could not be read, as the guest was writing at their place
 */
struct guest_messages {
	struct guest_message *list;
	size_t nr;
	size_t torn;
};

/* NULL, or why there are none, for people. */
const char *guest_messages_read(struct guest_kernel *kernel,
				struct guest_messages *messages);
void guest_messages_free(struct guest_messages *messages);

#endif /* INTROSPECT_PRINTK_H */
