// SPDX-License-Identifier: GPL-2.0
#include "outerr.h"
#include "print/printer.h"

bool printer_init(struct printer *printer, enum format format,
		  const struct fmt *fmt)
{
	*printer = (struct printer){ .fmt = *fmt, .format = format };
	if (format == FORMAT_TABLE)
		printer->table = fmt_table_new(&printer->fmt);
	return format != FORMAT_TABLE || printer->table;
}

void printer_event(struct printer *printer, const struct event *ev,
		   const struct fmt_about *about)
{
	switch (printer->format) {
	case FORMAT_TEXT:
		fmt_text_event(&printer->fmt, ev, about);
		break;
	case FORMAT_TABLE:
		fmt_table_event(printer->table, ev, about);
		break;
	case FORMAT_JSON:
		fmt_json_event(&printer->fmt, ev, about);
		break;
	case FORMAT_CSV:
		if (!printer->started)
			fmt_csv_header(&printer->fmt);
		fmt_csv_event(&printer->fmt, ev, about);
		break;
	}
	printer->started = true;
}

void printer_lost(struct printer *printer, const struct fmt_lost *lost)
{
	if (printer->format == FORMAT_JSON)
		fmt_json_lost(&printer->fmt, lost);
}

void printer_flush(struct printer *printer)
{
	if (printer->table)
		fmt_table_flush(printer->table);
	fflush(printer->fmt.out);
	outerr_note();
}

void printer_free(struct printer *printer)
{
	fmt_table_free(printer->table);
	printer->table = NULL;
}
