/* SPDX-License-Identifier: GPL-2.0 */
/*
 * hostile: VMs that ask too much, ask for nonsense, or go away while they ask.
 */
#ifndef HOSTILE_H
#define HOSTILE_H

#include "oracle.h"

struct hostile_options {
	unsigned long count;
	unsigned long min_ms;
	int vms;
	int vcpus;
	enum mode mode;
	unsigned int why;
};

void cmd_ask(const struct hostile_options *options);
void cmd_panic(const struct hostile_options *options);
void cmd_victim(const struct hostile_options *options);
void cmd_storm(const struct hostile_options *options);
void cmd_fuzz(const struct hostile_options *options);
void cmd_leak(const struct hostile_options *options);
void cmd_regs(const struct hostile_options *options);
void cmd_threads(const struct hostile_options *options);

/* Report a test. */
bool result(bool ok, const char *fmt, ...) __printf(2, 3);

/* Report a test that failed if the tally has a failure. */
void result_tally(const struct tally *tally, const char *what);

#endif /* HOSTILE_H */
