// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>

#include "msg.h"
#include "print/printer.h"

static const struct printer_ops *const formats[] = {
	[FORMAT_TEXT] = &text_printer,	 [FORMAT_LINE] = &line_printer,
	[FORMAT_TABLE] = &table_printer, [FORMAT_JSON] = &json_printer,
	[FORMAT_CSV] = &csv_printer,
};

struct printer *printer_new_of(const struct printer_ops *ops,
			       const struct print_style *style)
{
	struct printer *printer = calloc(1, ops->size);

	if (!printer)
		return NULL;
	printer->ops = ops;
	printer->style = *style;
	if (!ops->init || ops->init(printer))
		return printer;
	free(printer);
	return NULL;
}

struct printer *printer_new(enum format format, const struct print_style *style)
{
	return printer_new_of(formats[format], style);
}

void printer_losses(struct printer *printer, const struct losses *losses)
{
	if (printer->ops->losses)
		printer->ops->losses(printer, losses);
}

void printer_flush(struct printer *printer)
{
	if (printer->ops->flush)
		printer->ops->flush(printer);
	fflush(printer->style.out);
	outerr_note();
}

void printer_free(struct printer *printer)
{
	if (!printer)
		return;
	if (printer->ops->flush)
		printer->ops->flush(printer);
	if (printer->ops->exit)
		printer->ops->exit(printer);
	free(printer);
}
