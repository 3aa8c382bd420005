// SPDX-License-Identifier: GPL-2.0
#include "layout.h"

static const struct {
	const char *structure;
	const char *path;
} paths[NR_GUEST_FIELDS] = {
	[TASK_COMM] = { "task_struct", "comm" },
	[TASK_PID] = { "task_struct", "pid" },
	[TASK_TGID] = { "task_struct", "tgid" },
	[TASK_STACK] = { "task_struct", "stack" },
	[TASK_SP] = { "task_struct", "thread.sp" },
	[TASK_TASKS] = { "task_struct", "tasks" },
	[TASK_THREADS] = { "task_struct", "thread_node" },
	[TASK_SIGNAL] = { "task_struct", "signal" },
	[SIGNAL_THREADS] = { "signal_struct", "thread_head" },
	[TASK_ON_CPU] = { "task_struct", "on_cpu" },
	[THREAD_STACK] = { "thread_union", "stack" },
	[IRQ_STACK] = { "irq_stack", "" },
	[HOT_TASK] = { "pcpu_hot", "current_task" },
	[HOT_IRQ_STACK] = { "pcpu_hot", "hardirq_stack_ptr" },
	[ENTRY_AREA_STACK] = { "cpu_entry_area", "entry_stack_page" },
	[ENTRY_STACK] = { "entry_stack", "" },
	[STACK_DF] = { "cea_exception_stacks", "DF_stack" },
	[STACK_NMI] = { "cea_exception_stacks", "NMI_stack" },
	[STACK_DB] = { "cea_exception_stacks", "DB_stack" },
	[STACK_MCE] = { "cea_exception_stacks", "MCE_stack" },
	[STACK_VC] = { "cea_exception_stacks", "VC_stack" },
	[STACK_VC2] = { "cea_exception_stacks", "VC2_stack" },
	[MODULE] = { "module", "" },
	[MODULE_STATE] = { "module", "state" },
	[MODULE_LIST] = { "module", "list" },
	[MODULE_NAME] = { "module", "name" },
	[MODULE_KALLSYMS] = { "module", "kallsyms" },
	[MODULE_NUM_ORCS] = { "module", "arch.num_orcs" },
	[MODULE_ORC_IP] = { "module", "arch.orc_unwind_ip" },
	[MODULE_ORC] = { "module", "arch.orc_unwind" },
	[MODULE_SYMS] = { "module", "syms" },
	[MODULE_NUM_SYMS] = { "module", "num_syms" },
	[MODULE_CORE_BASE] = { "module", "core_layout.base" },
	[MODULE_CORE_SIZE] = { "module", "core_layout.size" },
	[MODULE_CORE_TEXT_SIZE] = { "module", "core_layout.text_size" },
	[MODULE_INIT_BASE] = { "module", "init_layout.base" },
	[MODULE_INIT_SIZE] = { "module", "init_layout.size" },
	[MODULE_MEM] = { "module", "mem" },
	[MEMORY] = { "module_memory", "" },
	[MEMORY_BASE] = { "module_memory", "base" },
	[MEMORY_SIZE] = { "module_memory", "size" },
	[KALLSYMS_SYMTAB] = { "mod_kallsyms", "symtab" },
	[KALLSYMS_NUM] = { "mod_kallsyms", "num_symtab" },
	[KALLSYMS_STRTAB] = { "mod_kallsyms", "strtab" },
	[KALLSYMS_TYPETAB] = { "mod_kallsyms", "typetab" },
	[EXPORT] = { "kernel_symbol", "" },
	[PRINTK_COUNT_BITS] = { "printk_ringbuffer", "desc_ring.count_bits" },
	[PRINTK_DESCS] = { "printk_ringbuffer", "desc_ring.descs" },
	[PRINTK_INFOS] = { "printk_ringbuffer", "desc_ring.infos" },
	[PRINTK_HEAD_ID] = { "printk_ringbuffer", "desc_ring.head_id" },
	[PRINTK_TAIL_ID] = { "printk_ringbuffer", "desc_ring.tail_id" },
	[PRINTK_SIZE_BITS] = { "printk_ringbuffer", "text_data_ring.size_bits" },
	[PRINTK_DATA] = { "printk_ringbuffer", "text_data_ring.data" },
	[PRINTK_DESC] = { "prb_desc", "" },
	[PRINTK_DESC_STATE] = { "prb_desc", "state_var" },
	[PRINTK_DESC_BEGIN] = { "prb_desc", "text_blk_lpos.begin" },
	[PRINTK_DESC_NEXT] = { "prb_desc", "text_blk_lpos.next" },
	[PRINTK_INFO] = { "printk_info", "" },
	[PRINTK_INFO_SEQ] = { "printk_info", "seq" },
	[PRINTK_INFO_TIME] = { "printk_info", "ts_nsec" },
	[PRINTK_INFO_LEN] = { "printk_info", "text_len" },
	[PRINTK_INFO_FACILITY] = { "printk_info", "facility" },
};

void guest_layout_read(struct guest_layout *layout, struct guest_btf *btf)
{
	static const char apicid[] = "x86_cpu_to_apicid";
	const char *names[NR_GUEST_FIELDS + 1];

	for (int i = 0; i < NR_GUEST_FIELDS; i++)
		names[i] = paths[i].structure;
	names[NR_GUEST_FIELDS] = apicid;
	guest_btf_find(btf, names, NR_GUEST_FIELDS + 1);
	for (int i = 0; i < NR_GUEST_FIELDS; i++)
		layout->fields[i] = guest_btf_field(btf, paths[i].structure,
						    paths[i].path);
	layout->apicid_size = guest_btf_variable_size(btf, apicid);
}
