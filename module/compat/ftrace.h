/* SPDX-License-Identifier: GPL-2.0 */
/* ftrace: handler arguments, flags, trace instances */
#ifndef VCPU_INFO_COMPAT_FTRACE_H
#define VCPU_INFO_COMPAT_FTRACE_H

#include <linux/ftrace.h>
#include <linux/trace.h>

#include "compat.h"

#ifndef CONFIG_DYNAMIC_FTRACE_WITH_REGS
#error "vcpu-info needs a kernel with CONFIG_DYNAMIC_FTRACE_WITH_REGS"
#endif

/*
 * With DYNAMIC_FTRACE_WITH_ARGS every handler gets the arguments and may set
 * the instruction pointer; saving all registers only costs.
 */
#ifdef CONFIG_DYNAMIC_FTRACE_WITH_ARGS
#define COMPAT_FTRACE_REDIRECT_FLAGS \
	(FTRACE_OPS_FL_IPMODIFY | FTRACE_OPS_FL_PERMANENT)
#define COMPAT_FTRACE_OBSERVE_FLAGS	0
#else
#define COMPAT_FTRACE_REDIRECT_FLAGS \
	(FTRACE_OPS_FL_IPMODIFY | FTRACE_OPS_FL_PERMANENT | \
	 FTRACE_OPS_FL_SAVE_REGS)
#define COMPAT_FTRACE_OBSERVE_FLAGS	FTRACE_OPS_FL_SAVE_REGS
#endif

/*
 * Where a function calls ftrace: with IBT, behind its ENDBR. Asked for the first
 * byte, ftrace would take any site up to the next symbol. A __weak function that
 * was overridden has lost its name, but not its site: kvm_arch_no_poll() behind
 * 6.12's kvm_vcpu_halt().
 */
static inline unsigned long compat_ftrace_site(unsigned long function)
{
	return function + ENDBR_INSN_SIZE;
}

/*
 * 6.2, 94d095ffa0e1 ("ftrace: abstract DYNAMIC_FTRACE_WITH_ARGS accesses") and
 * 0ef86097f1f9 ("ftrace: rename ftrace_instruction_pointer_set() ->
 * ftrace_regs_set_instruction_pointer()")
 */
#ifdef COMPAT_HAVE_FTRACE_REGS_ACCESS
static __always_inline unsigned long
compat_ftrace_first_argument(struct ftrace_regs *fregs)
{
	return ftrace_regs_get_argument(fregs, 0);
}

static __always_inline void
compat_ftrace_set_ip(struct ftrace_regs *fregs, unsigned long ip)
{
	ftrace_regs_set_instruction_pointer(fregs, ip);
}
#else
static __always_inline unsigned long
compat_ftrace_first_argument(struct ftrace_regs *fregs)
{
	return fregs->regs.di;
}

static __always_inline void
compat_ftrace_set_ip(struct ftrace_regs *fregs, unsigned long ip)
{
	ftrace_instruction_pointer_set(fregs, ip);
}
#endif

/*
 * Calling the original of a function whose calls are diverted. Without IBT or
 * CFI a call may go past the place where ftrace is called, which without IBT is
 * what the symbol points to. Else it goes through the hook once more, which has
 * to let it through.
 */
#if defined(CONFIG_X86_KERNEL_IBT) || defined(CONFIG_CFI_CLANG) || \
	defined(CONFIG_CFI)
#define COMPAT_FTRACE_ORIGINAL_HOOKED	1
#else
#define COMPAT_FTRACE_ORIGINAL_HOOKED	0
#endif

static inline unsigned long compat_ftrace_original(unsigned long target)
{
	return COMPAT_FTRACE_ORIGINAL_HOOKED ? target :
					       target + MCOUNT_INSN_SIZE;
}

/*
 * 6.8 and 6.6-stable, d23569979ca1 ("tracing: Allow creating instances with
 * specified system events")
 */
static inline struct trace_array *
compat_trace_array_get_by_name(const char *name, const char *systems)
{
#ifdef COMPAT_HAVE_TRACE_ARRAY_SYSTEMS
	return trace_array_get_by_name(name, systems);
#else
	return trace_array_get_by_name(name);
#endif
}

#endif /* VCPU_INFO_COMPAT_FTRACE_H */
