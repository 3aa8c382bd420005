// SPDX-License-Identifier: GPL-2.0
/* An ELF file with symbols, small enough to be mutated. */
int f(void)
{
	return 1;
}

int _stext(void)
{
	return f() + 1;
}
