/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A copy of a guest's kernel stack, taken in the moment in which its registers are.
 */
#ifndef VCPU_INFO_STACK_COPY_H
#define VCPU_INFO_STACK_COPY_H

#include <linux/types.h>

#include "vcpu_info_abi.h"

struct kvm_vcpu;
struct page;

/* A page of each level of its tables, and itself, for each page of the stack */
#define VCPU_INFO_STACK_MAX_PAGES	\
	(VCPU_INFO_HOST_STACK_SIZE / 4096 * (5 + 1))

/**
 * struct vcpu_info_stack_copy - a copy, and what it takes to make one
 * @root: guest-physical address of the page table that maps kernel stacks
 * @levels: its levels, 4 or 5
 * @nr_pages: how many of @pages are held
 * @pages: of the VMM, held until vcpu_info_stack_release()
 * @stack: the copy
 */
struct vcpu_info_stack_copy {
	u64 root;
	u32 levels;
	u32 nr_pages;
	struct page *pages[VCPU_INFO_STACK_MAX_PAGES];
	struct vcpu_info_host_stack stack;
};

struct vcpu_info_stack_copy *vcpu_info_stack_get(void);
void vcpu_info_stack_put(struct vcpu_info_stack_copy *copy);
void vcpu_info_stack_exit(void);
void vcpu_info_stack_copy(struct kvm_vcpu *vcpu, u64 rsp,
			  struct vcpu_info_stack_copy *copy);
void vcpu_info_stack_release(struct vcpu_info_stack_copy *copy);

#endif /* VCPU_INFO_STACK_COPY_H */
