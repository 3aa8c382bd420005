// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>

#include "outerr.h"

static int first;

void outerr_note(void)
{
	if (!first && ferror(stdout))
		first = errno;
}

int outerr_get(void)
{
	return first;
}
