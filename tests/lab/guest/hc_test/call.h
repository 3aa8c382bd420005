/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HC_TEST_CALL_H
#define HC_TEST_CALL_H

/* Order of the registers in the array that hc_test_call() takes. */
#define HC_RAX	0
#define HC_RBX	1
#define HC_RCX	2
#define HC_RDX	3
#define HC_RSI	4
#define HC_RDI	5
#define HC_RBP	6
#define HC_R8	7
#define HC_R9	8
#define HC_R10	9
#define HC_R11	10
#define HC_R12	11
#define HC_R13	12
#define HC_R14	13
#define HC_R15	14
#define HC_NR_REGS	15

#ifndef __ASSEMBLY__
#include <linux/linkage.h>
#include <linux/types.h>

/* Loads all of @regs, makes the hypercall, and stores what came back. */
asmlinkage void hc_test_call(u64 *regs, bool vmmcall);
#endif

#endif /* HC_TEST_CALL_H */
