/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The terminal of 'top': ncurses, and nothing but.
 */
#ifndef HOST_CMD_TOP_SCREEN_H
#define HOST_CMD_TOP_SCREEN_H

#include "cmd/top-rows.h"

/* False if the terminal cannot be used, which is said. */
bool top_screen_open(bool color);
void top_screen_close(void);

/* Draw all of it, at the size the terminal has now. */
void top_screen_draw(struct top_rows *top);

/* The columns that it has now */
size_t top_screen_width(void);

/* Wait up to that long for a key; -1 for none. */
int top_screen_key(int ms);

#endif /* HOST_CMD_TOP_SCREEN_H */
