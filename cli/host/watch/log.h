/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where 'watch' tells of changes: the journal, with fields, or standard output.
 */
#ifndef HOST_WATCH_LOG_H
#define HOST_WATCH_LOG_H

#include "watch/helpers.h"

enum log_form {
	LOG_TEXT,	/* lines on standard output */
	LOG_JSON,	/* an object of type "change" on standard output */
	LOG_JOURNAL,
};

/* vcpu-info-watch(1) has the fields. */
void log_change(enum log_form form, const struct change *change);

#endif /* HOST_WATCH_LOG_H */
