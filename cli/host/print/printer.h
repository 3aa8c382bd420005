/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The printer for a format.
 */
#ifndef HOST_PRINT_PRINTER_H
#define HOST_PRINT_PRINTER_H

#include "print/fmt.h"

enum format {
	FORMAT_TEXT,
	FORMAT_TABLE,
	FORMAT_JSON,
	FORMAT_CSV,
};

struct printer {
	struct fmt fmt;
	enum format format;
	struct fmt_table *table;
	bool started;
};

bool printer_init(struct printer *printer, enum format format,
		  const struct fmt *fmt);
void printer_event(struct printer *printer, const struct event *ev,
		   const struct fmt_about *about);

/* Only where a format has a place for it. */
void printer_lost(struct printer *printer, const struct fmt_lost *lost);

/* Whatever was held back is printed. */
void printer_flush(struct printer *printer);
void printer_free(struct printer *printer);

#endif /* HOST_PRINT_PRINTER_H */
