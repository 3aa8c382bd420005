/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tasks of a guest's kernel. All of it needs the kernel's BTF.
 */
#ifndef INTROSPECT_TASK_H
#define INTROSPECT_TASK_H

#include "kernel.h"

#define GUEST_COMM_SIZE	64

/**
 * struct guest_task - a thread of the guest
 * @address: of its struct task_struct
 * @comm: its name, fit for a terminal
 * @tid: its thread id, in the guest's first PID namespace
 * @pid: its process id there
 * @stack: lowest address of its kernel stack
 * @sp: stack pointer, if it does not run
 */
struct guest_task {
	uint64_t address;
	char comm[GUEST_COMM_SIZE];
	int32_t tid;
	int32_t pid;
	uint64_t stack;
	uint64_t sp;
};

/* Read a struct task_struct. */
bool guest_task_read(struct guest_kernel *kernel, uint64_t address,
		     struct guest_task *task);

/* The task that runs on a CPU. */
bool guest_task_current(struct guest_kernel *kernel, const struct guest_cpu *cpu,
			struct guest_task *task);

/*
 * Call a function for each thread, until it returns false. The list may change
 * meanwhile, and max bounds what a hostile one costs. False if it was cut off.
 */
bool guest_task_each(struct guest_kernel *kernel, size_t max,
		     bool (*call)(void *arg, const struct guest_task *task),
		     void *arg);

#endif /* INTROSPECT_TASK_H */
