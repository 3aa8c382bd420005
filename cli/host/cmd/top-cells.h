/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The cells of 'top': what its columns are, and what they have for a vCPU.
 */
#ifndef HOST_CMD_TOP_CELLS_H
#define HOST_CMD_TOP_CELLS_H

#include "cmd/top-rows.h"

/* Room for a name, a symbol or any number */
#define CELL_SIZE	128

/**
 * struct top_column_spec - a column
 * @heading: what is above it
 * @width: how wide it is, to the left if negative; the last takes what is left
 * @from: from which width of the screen on there is room for it
 * @kind: whose rate it is, -1: none
 */
struct top_column_spec {
	const char *heading;
	int width;
	size_t from;
	int kind;
};

extern const struct top_column_spec top_columns[NR_TOP_COLUMNS];

bool top_cell_is_text(enum top_column col);

/* What is in it, at most CELL_SIZE with the NUL. */
void top_cell(const struct top_rows *top, const struct vcpu *vcpu,
	      enum top_column col, char *text);

/* To sort by; what is not known is less than anything. */
double top_cell_number(const struct top_rows *top, const struct vcpu *vcpu,
		       enum top_column col);

/* How old its last record is, in nanoseconds */
uint64_t top_cell_age(const struct top_rows *top, const struct vcpu *vcpu);

#endif /* HOST_CMD_TOP_CELLS_H */
