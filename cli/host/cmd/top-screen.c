// SPDX-License-Identifier: GPL-2.0
#include <ncurses.h>
#include <stdlib.h>
#include <unistd.h>

#include "cmd/top-screen.h"
#include "msg.h"

#define MAX_WIDTH	512

#define HELP \
	"q quit  h help  < > sort  r reverse  v VMs  / filter  f freeze  p pause"

static SCREEN *screen;

bool top_screen_open(bool color)
{
	if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
		screen = newterm(NULL, stdout, stdin);
	if (!screen) {
		msg_error("top needs a terminal that it knows (TERM is %s)",
			  getenv("TERM") ?: "not set");
		msg_hint("--batch prints to anything.");
		return false;
	}
	set_term(screen);
	cbreak();
	noecho();
	keypad(stdscr, TRUE);
	set_escdelay(50);
	curs_set(0);
	if (color && has_colors()) {
		start_color();
		use_default_colors();
	}
	return true;
}

void top_screen_close(void)
{
	endwin();
	delscreen(screen);
	screen = NULL;
}

size_t top_screen_width(void)
{
	int width = stdscr ? getmaxx(stdscr) : MAX_WIDTH;

	return width > MAX_WIDTH ? MAX_WIDTH : width;
}

static void draw_rows(struct top_rows *top, const struct vcpu **rows, size_t nr)
{
	char line[TOP_LINE_SIZE(MAX_WIDTH)];
	int y = 2;

	for (size_t i = top->scroll; i < nr && y < LINES - 1; i++, y++) {
		top_rows_line(top, rows[i], line, top_screen_width());
		mvaddstr(y, 0, line);
	}
}

static void draw_help(void)
{
	for (int i = 0; i < LINES - 3 && top_rows_help[i]; i++)
		mvaddnstr(2 + i, 0, top_rows_help[i], top_screen_width());
}

void top_screen_draw(struct top_rows *top)
{
	char line[TOP_LINE_SIZE(MAX_WIDTH)];
	const struct vcpu **rows;
	size_t nr;

	rows = top_rows_sorted(top, top_screen_width(), &nr);
	erase();
	top_rows_summary(top, nr, line, top_screen_width());
	mvaddstr(0, 0, line);
	top_rows_heading(top, line, top_screen_width());
	attron(A_REVERSE);
	mvprintw(1, 0, "%-*s", (int)top_screen_width(), line);
	attroff(A_REVERSE);
	if (top->help)
		draw_help();
	else if (rows)
		draw_rows(top, rows, nr);
	mvaddnstr(LINES - 1, 0, HELP, top_screen_width() - 1);
	refresh();
	free(rows);
}

int top_screen_key(int ms)
{
	int key;

	timeout(ms);
	key = getch();
	switch (key) {
	case ERR:
		return -1;
	case KEY_UP:
		return TOP_KEY_UP;
	case KEY_DOWN:
		return TOP_KEY_DOWN;
	case KEY_ENTER:
	case '\r':
	case '\n':
		return TOP_KEY_ENTER;
	case 27:
		return TOP_KEY_ESCAPE;
	case KEY_BACKSPACE:
	case 127:
	case '\b':
		return TOP_KEY_BACKSPACE;
	default:
		return key;
	}
}
