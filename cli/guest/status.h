/* SPDX-License-Identifier: GPL-2.0 */
#ifndef GUEST_STATUS_H
#define GUEST_STATUS_H

#include <stdio.h>

#include "device.h"
#include "format.h"

/* Fill in what the device says: 0 or a negative errno number. */
int status_ask(const struct device *dev, struct status *status);

/* Say what is wrong with a device that is there, if anything; the exit code. */
int status_judge(const struct status *status);

/*
 * Version of the loaded module, "" if it tells none, NULL if it is not loaded;
 * root is "" but in tests.
 */
const char *status_module_version(const char *root);

#endif /* GUEST_STATUS_H */
