/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The terminal of 'top': ncurses, and nothing but.
 */
#ifndef HOST_TOPSCREEN_H
#define HOST_TOPSCREEN_H

#include "topview.h"

/* False if the terminal cannot be used, which is said. */
bool topscreen_open(bool color);
void topscreen_close(void);

/* Draw all of it, at the size the terminal has now. */
void topscreen_draw(struct topview *top);

/* Wait up to that long for a key; -1 for none. */
int topscreen_key(int ms);

#endif /* HOST_TOPSCREEN_H */
