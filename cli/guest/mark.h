/* SPDX-License-Identifier: GPL-2.0 */
#ifndef GUEST_MARK_H
#define GUEST_MARK_H

#include <stdio.h>

#include "args.h"
#include "device.h"

/* Send the mark and print what came of it; the exit code. */
int mark_run(const struct device *dev, const struct mark_opts *opts, FILE *out);

#endif /* GUEST_MARK_H */
