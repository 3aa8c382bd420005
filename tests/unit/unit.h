/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What every unit test includes: cmocka wants these headers before its own.
 */
#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "compiler.h"

#endif /* UNIT_H */
