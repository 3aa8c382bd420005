/* SPDX-License-Identifier: GPL-2.0 */
#include <linux/linkage.h>
#include <asm/nospec-branch.h>

#include "call.h"

/* void hc_test_call(u64 *regs, bool vmmcall) */
SYM_FUNC_START(hc_test_call)
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	pushq	%rdi

	/* mov leaves the flags of this test alone */
	testb	%sil, %sil
	movq	8*HC_RAX(%rdi), %rax
	movq	8*HC_RBX(%rdi), %rbx
	movq	8*HC_RCX(%rdi), %rcx
	movq	8*HC_RDX(%rdi), %rdx
	movq	8*HC_RSI(%rdi), %rsi
	movq	8*HC_RBP(%rdi), %rbp
	movq	8*HC_R8(%rdi), %r8
	movq	8*HC_R9(%rdi), %r9
	movq	8*HC_R10(%rdi), %r10
	movq	8*HC_R11(%rdi), %r11
	movq	8*HC_R12(%rdi), %r12
	movq	8*HC_R13(%rdi), %r13
	movq	8*HC_R14(%rdi), %r14
	movq	8*HC_R15(%rdi), %r15
	movq	8*HC_RDI(%rdi), %rdi
	jnz	1f
	vmcall
	jmp	2f
1:	vmmcall
2:
	/* the array's address for the RDI that came back */
	xchgq	%rdi, (%rsp)
	movq	%rax, 8*HC_RAX(%rdi)
	movq	%rbx, 8*HC_RBX(%rdi)
	movq	%rcx, 8*HC_RCX(%rdi)
	movq	%rdx, 8*HC_RDX(%rdi)
	movq	%rsi, 8*HC_RSI(%rdi)
	movq	%rbp, 8*HC_RBP(%rdi)
	movq	%r8, 8*HC_R8(%rdi)
	movq	%r9, 8*HC_R9(%rdi)
	movq	%r10, 8*HC_R10(%rdi)
	movq	%r11, 8*HC_R11(%rdi)
	movq	%r12, 8*HC_R12(%rdi)
	movq	%r13, 8*HC_R13(%rdi)
	movq	%r14, 8*HC_R14(%rdi)
	movq	%r15, 8*HC_R15(%rdi)
	popq	%rax
	movq	%rax, 8*HC_RDI(%rdi)

	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	RET
SYM_FUNC_END(hc_test_call)
