// SPDX-License-Identifier: GPL-2.0
/*
 * Copying the kernel stack of a vCPU that runs, in the interrupt that has it stand
 * still. Whoever reads it later finds what the guest has made of it since.
 *
 * The guest may have any address in its page tables and its stack pointer. What is
 * read are pages that the VMM has mapped and populated: get_user_page_fast_only()
 * neither faults nor sleeps, and refuses device memory. At most six pages are looked
 * at for each of the stack.
 */
#include <linux/align.h>
#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/srcu.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "compat/kvm.h"
#include "stack_copy.h"

/* Page tables: Intel SDM vol. 3, 4.5; AMD APM vol. 2, 5.3 */
#define ENTRY_PRESENT	BIT_ULL(0)
#define ENTRY_LARGE	BIT_ULL(7)
#define ENTRY_ADDRESS	GENMASK_ULL(51, 12)
#define LEVEL_BITS	9
#define LARGEST_LEVEL	3	/* of which an entry may be a page: 1 GiB */

static_assert(sizeof(struct vcpu_info_host_stack) ==
	      16 + VCPU_INFO_HOST_STACK_SIZE);
static_assert(offsetof(struct vcpu_info_host_stack, data) % sizeof(u64) == 0);

/*
 * The one that was used last: a sampler wants it many times a second, and kernels with
 * init_on_alloc clear it each time, which is more than all the rest takes.
 */
static struct vcpu_info_stack_copy *spare;

/**
 * vcpu_info_stack_get() - room for a stack, not cleared
 *
 * May sleep.
 *
 * Return: it, for vcpu_info_stack_put(); NULL if there is no memory.
 */
struct vcpu_info_stack_copy *vcpu_info_stack_get(void)
{
	struct vcpu_info_stack_copy *copy = xchg(&spare, NULL);

	return copy ?: kvmalloc(sizeof(*copy), GFP_KERNEL);
}

/**
 * vcpu_info_stack_put() - no longer needed
 * @copy: what vcpu_info_stack_get() gave, or NULL
 */
void vcpu_info_stack_put(struct vcpu_info_stack_copy *copy)
{
	if (copy)
		kvfree(xchg(&spare, copy));
}

/**
 * vcpu_info_stack_exit() - nobody samples any more
 */
void vcpu_info_stack_exit(void)
{
	kvfree(spare);
	spare = NULL;
}

/*
 * A page of the guest, held. Only its data are read, and whoever maps it stays: the
 * caller's thread has that memory for its own.
 */
static const void *hold_page(struct kvm *kvm, u64 gpa,
			     struct vcpu_info_stack_copy *copy)
{
	const struct kvm_memory_slot *slot;
	gfn_t gfn = gpa >> PAGE_SHIFT;
	struct page *page;

	slot = search_memslots(__kvm_memslots(kvm, 0), gfn, false);
	if (!slot || (slot->flags & KVM_MEMSLOT_INVALID) ||
	    copy->nr_pages == ARRAY_SIZE(copy->pages) ||
	    !get_user_page_fast_only(__gfn_to_hva_memslot(slot, gfn), 0, &page))
		return NULL;

	copy->pages[copy->nr_pages++] = page;
	return page_address(page);
}

/* The page that a guest-virtual address is in */
static const void *find_page(struct kvm *kvm, u64 va,
			     struct vcpu_info_stack_copy *copy)
{
	unsigned int level, shift;
	u64 at = copy->root;
	const u64 *table;

	for (level = copy->levels; level; level--) {
		table = hold_page(kvm, at, copy);
		if (!table)
			return NULL;
		shift = PAGE_SHIFT + LEVEL_BITS * (level - 1);
		at = READ_ONCE(table[(va >> shift) % BIT(LEVEL_BITS)]);
		if (!(at & ENTRY_PRESENT))
			return NULL;
		if (level > 1 && level <= LARGEST_LEVEL && (at & ENTRY_LARGE)) {
			at = (at & ENTRY_ADDRESS & ~(BIT_ULL(shift) - 1)) |
			     (va & (BIT_ULL(shift) - 1));
			break;
		}
		at &= ENTRY_ADDRESS;
	}

	return hold_page(kvm, at, copy);
}

/**
 * vcpu_info_stack_copy() - copy from the stack pointer on
 * @vcpu: loaded on this CPU and between two instructions; this is an interrupt of
 *	its thread
 * @rsp: its stack pointer
 * @copy: where to; @nr_pages is 0. As much as could be had, up to the next multiple
 *	of VCPU_INFO_HOST_STACK_SIZE; nothing if @rsp is no address of a kernel.
 */
void vcpu_info_stack_copy(struct kvm_vcpu *vcpu, u64 rsp,
			  struct vcpu_info_stack_copy *copy)
{
	u32 len = VCPU_INFO_HOST_STACK_SIZE - rsp % VCPU_INFO_HOST_STACK_SIZE;
	struct vcpu_info_host_stack *stack = &copy->stack;
	struct kvm *kvm = vcpu->kvm;
	const void *page;
	u32 part;
	int srcu;

	stack->address = rsp;
	stack->len = 0;
	if (current->mm != kvm->mm || !(rsp >> 63))
		return;

	/* 6.1 with DEBUG_ATOMIC_SLEEP: access_ok() in an interrupt warns without this. */
	pagefault_disable();
	srcu = srcu_read_lock(&kvm->srcu);
	for (; stack->len < len; stack->len += part) {
		part = min_t(u32, len - stack->len,
			     PAGE_SIZE - offset_in_page(rsp + stack->len));
		page = find_page(kvm, rsp + stack->len, copy);
		if (!page)
			break;
		memcpy(stack->data + stack->len,
		       page + offset_in_page(rsp + stack->len), part);
	}
	srcu_read_unlock(&kvm->srcu, srcu);
	pagefault_enable();
}

/**
 * vcpu_info_stack_release() - let go of the VMM's pages
 * @copy: it; its data stay
 *
 * Not in the interrupt: to be the last to hold a page may take locks that sleep.
 */
void vcpu_info_stack_release(struct vcpu_info_stack_copy *copy)
{
	while (copy->nr_pages)
		put_page(copy->pages[--copy->nr_pages]);
}
