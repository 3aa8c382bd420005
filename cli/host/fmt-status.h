/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HOST_FMT_STATUS_H
#define HOST_FMT_STATUS_H

#include <stdio.h>

#include "check.h"

void fmt_status_text(FILE *out, const struct facts *facts,
		     const struct problem *problems, size_t nr);
void fmt_status_json(FILE *out, const struct facts *facts,
		     const struct problem *problems, size_t nr);

#endif /* HOST_FMT_STATUS_H */
