/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A file for node-exporter's textfile collector: it is whole whenever it is read.
 */
#ifndef HOST_EXPORT_TEXTFILE_H
#define HOST_EXPORT_TEXTFILE_H

#include "export/collector.h"

/*
 * Gather and write to the file: aside, in the same directory and under a name that the
 * collector does not read, and renamed then. False and errno if that failed; then
 * what was there before still is.
 */
bool textfile_write(struct collector *collector, const char *path);

#endif /* HOST_EXPORT_TEXTFILE_H */
