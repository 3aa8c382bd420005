/* SPDX-License-Identifier: GPL-2.0 */
#ifndef GUEST_TRIGGER_H
#define GUEST_TRIGGER_H

#include <stdio.h>

#include "args.h"
#include "device.h"

/* Ask as the options say and print each reply; the exit code. */
int trigger_run(const struct device *dev, const struct trigger_opts *opts,
		FILE *out);

#endif /* GUEST_TRIGGER_H */
