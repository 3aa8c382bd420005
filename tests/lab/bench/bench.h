/* SPDX-License-Identifier: GPL-2.0 */
/* bench: what a hypercall costs, in ticks of the TSC; see main.c */
#ifndef BENCH_H
#define BENCH_H

#include "../oracle/oracle.h"

/* A hypercall that nobody has */
#define OTHER_NR	0x564f5448

/* guest.c: guests that do one thing in a loop */

struct vcpu *guest_caller(struct vm *vm, int id);
struct vcpu *guest_halted(struct vm *vm, int id);
struct vcpu *guest_counting(struct vm *vm, int id, int cpu);
struct vcpu *guest_on_stack(struct vm *vm, int id, int cpu, uint64_t rsp);
struct vcpu *guest_storming(struct vm *vm, int id, int cpu, uint32_t nr,
			    int target);
uint64_t guest_loop(struct vcpu *caller, uint32_t nr, int id, uint32_t calls);
double guest_cost(struct vcpu *caller, uint32_t nr, int id);
long guest_result(struct vcpu *caller);
void print_best(void (*once)(void *), void *data);

/* cases.c: one for each command; they print their figures */

void case_call(char **argv);
void case_calls(char **argv);
void case_profile(char **argv);
void case_lookup(char **argv);
void case_vms(char **argv);
void case_enter(char **argv);
void case_halted(char **argv);
void case_halt(char **argv);
void case_ipi(char **argv);
void case_storm(char **argv);

/* sample.c: the same for what the host asks for */

void case_sample(char **argv);
void case_samples(char **argv);
void case_stack(char **argv);
void case_taken(char **argv);

#endif /* BENCH_H */
