/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the names of Linux's functions on a vCPU's stack tell.
 */
#ifndef VCPU_FUNCTIONS_H
#define VCPU_FUNCTIONS_H

#include <stdbool.h>

/* Whether that is a function in which Linux waits for another CPU. */
bool vcpu_waits_in(const char *function);

/* Whether that is one in which it waits for a lock, and not for an answer. */
bool vcpu_waits_for_lock(const char *function);

/* Whether Linux never returns from that function, since it has panicked. */
bool vcpu_panics_in(const char *function);

/* Whether a CPU that Linux has taken offline stays in that function. */
bool vcpu_offline_in(const char *function);

/* Whether Linux enters there when it is interrupted by a device, a timer or an NMI. */
bool vcpu_interrupted_by(const char *function);

#endif /* VCPU_FUNCTIONS_H */
