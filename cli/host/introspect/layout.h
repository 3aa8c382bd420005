/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The members of the kernel's structures that introspect/ reads.
 */
#ifndef INTROSPECT_LAYOUT_H
#define INTROSPECT_LAYOUT_H

#include "btf.h"

/* Which kernels have a member is said where not all have it. */
enum guest_field_id {
	TASK_COMM, TASK_PID, TASK_TGID, TASK_STACK, TASK_SP, TASK_TASKS,
	TASK_THREADS, TASK_SIGNAL, SIGNAL_THREADS, TASK_ON_CPU,
	THREAD_STACK, IRQ_STACK,
	HOT_TASK, HOT_IRQ_STACK,		/* 6.2 to 6.14 */
	ENTRY_AREA_STACK, ENTRY_STACK,
	STACK_DF, STACK_NMI, STACK_DB, STACK_MCE, STACK_VC, STACK_VC2,
	MODULE, MODULE_STATE, MODULE_LIST, MODULE_NAME, MODULE_KALLSYMS,
	MODULE_NUM_ORCS, MODULE_ORC_IP, MODULE_ORC,
	MODULE_SYMS, MODULE_NUM_SYMS,
	MODULE_CORE_BASE, MODULE_CORE_SIZE,	/* up to 6.3 */
	MODULE_CORE_TEXT_SIZE,			/* up to 6.3 */
	MODULE_INIT_BASE, MODULE_INIT_SIZE,	/* up to 6.3 */
	MODULE_MEM, MEMORY, MEMORY_BASE, MEMORY_SIZE,	/* from 6.4 on */
	KALLSYMS_SYMTAB, KALLSYMS_NUM, KALLSYMS_STRTAB, KALLSYMS_TYPETAB,
	EXPORT,
	PRINTK_COUNT_BITS, PRINTK_DESCS, PRINTK_INFOS,	/* from 5.10 on */
	PRINTK_HEAD_ID, PRINTK_TAIL_ID, PRINTK_SIZE_BITS, PRINTK_DATA,
	PRINTK_DESC, PRINTK_DESC_STATE, PRINTK_DESC_BEGIN, PRINTK_DESC_NEXT,
	PRINTK_INFO, PRINTK_INFO_SEQ, PRINTK_INFO_TIME, PRINTK_INFO_LEN,
	PRINTK_INFO_FACILITY,
	NR_GUEST_FIELDS,
};

/**
 * struct guest_layout - where members are
 * @fields: by enum guest_field_id
 * @apicid_size: bytes of an element of x86_cpu_to_apicid, 0 if not known
 */
struct guest_layout {
	struct guest_field fields[NR_GUEST_FIELDS];
	uint32_t apicid_size;
};

/* Look all of them up; what is not there is marked so. */
void guest_layout_read(struct guest_layout *layout, struct guest_btf *btf);

#endif /* INTROSPECT_LAYOUT_H */
