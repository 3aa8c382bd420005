/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Exit codes of vcpu-info, besides those that both programs have. They are
 * documented in vcpu-info(1).
 */
#ifndef HOST_EXIT_CODES_H
#define HOST_EXIT_CODES_H

#include "exit.h"

enum {
	EXIT_NO_MODULE = EXIT_OWN,	/* the module is not loaded */
	EXIT_NO_TRACEFS,		/* tracefs is not mounted */
	EXIT_DENIED,			/* not root */
	EXIT_NO_INSTANCE,		/* no trace instance, or nothing on */
	EXIT_NO_KVM,			/* KVM is not loaded */
	EXIT_TIMEOUT,			/* follow: --duration before --count */
	EXIT_NO_VM,			/* no such VM or vCPU, or it is gone */
};

#endif /* HOST_EXIT_CODES_H */
