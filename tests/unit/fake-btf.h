/* SPDX-License-Identifier: GPL-2.0 */
/*
 * BTF of the fake kernel, and where its structures' members are.
 */
#ifndef UNIT_FAKE_BTF_H
#define UNIT_FAKE_BTF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAKE_TASK_STACK		32
#define FAKE_TASK_ON_CPU	40
#define FAKE_TASK_PID		64
#define FAKE_TASK_TGID		68
#define FAKE_TASK_COMM		72
#define FAKE_TASK_SIGNAL	88
#define FAKE_TASK_TASKS		96
#define FAKE_TASK_NODE		112
#define FAKE_TASK_THREAD	128
#define FAKE_TASK_SP		(FAKE_TASK_THREAD + 16)
#define FAKE_TASK_SIZE		256
#define FAKE_SIGNAL_THREADS	16
#define FAKE_MODULE_LIST	8
#define FAKE_MODULE_NAME	24
#define FAKE_MODULE_CORE	96
#define FAKE_MODULE_MEM		128
#define FAKE_MODULE_KALLSYMS	256
#define FAKE_MODULE_SIZE	512
#define FAKE_PRINTK_DESCS	0
#define FAKE_PRINTK_DATA	48
#define FAKE_DESC_SIZE		24
#define FAKE_INFO_SIZE		88

/*
 * Write it to a buffer of 64 KiB and return its size. old: modules as in 6.1; hot:
 * per-CPU data as in 6.12; longer: the header has more than is known.
 */
size_t fake_btf_write(uint8_t *to, bool old, bool hot, bool longer);

#endif /* UNIT_FAKE_BTF_H */
