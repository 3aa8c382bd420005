/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the commands of vcpu-info-guest do once their options are read; args.h has
 * the options.
 */
#ifndef GUEST_COMMANDS_H
#define GUEST_COMMANDS_H

#include <stdio.h>

#include "args.h"
#include "device.h"
#include "format.h"

/* Ask as the options say and print each reply; the exit code. */
int trigger_run(const struct device *dev, const struct trigger_opts *opts,
		FILE *out);

/* Send the mark and print what came of it; the exit code. */
int mark_run(const struct device *dev, const struct mark_opts *opts, FILE *out);

/* Fill in what the device says: 0 or a negative errno number. */
int status_ask(const struct device *dev, struct status *status);

/* Say what is wrong with a device that is there, if anything; the exit code. */
int status_judge(const struct status *status);

/*
 * Version of the loaded module, "" if it tells none, NULL if it is not loaded;
 * root is "" but in tests.
 */
const char *status_module_version(const char *root);

#endif /* GUEST_COMMANDS_H */
