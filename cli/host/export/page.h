/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The channel between the collector, which has privileges, and the server of HTTP, which
 * has none: one asks for a text by its format, the other answers with a file.
 */
#ifndef HOST_EXPORT_PAGE_H
#define HOST_EXPORT_PAGE_H

#include "export/metrics.h"

#define PAGE_FORMATS	(METRICS_OPENMETRICS + 1)

/* Ask. False and errno if nobody is there any more. */
bool page_ask(int channel, enum metrics_format format);

/* The next that is asked for; 1, or 0 if nobody will ask any more, or -1 and errno */
int page_asked(int channel, enum metrics_format *format);

/*
 * Answer with a file that is read from its beginning; -1: there is none. The file
 * stays open here.
 */
bool page_answer(int channel, enum metrics_format format, int fd);

/* The next answer; as page_asked(). *fd is -1, or to be closed. */
int page_answered(int channel, enum metrics_format *format, int *fd);

#endif /* HOST_EXPORT_PAGE_H */
