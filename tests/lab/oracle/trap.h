/* SPDX-License-Identifier: GPL-2.0 */
/* A vCPU that stays in the middle of a VM exit for as long as one likes */
#ifndef ORACLE_TRAP_H
#define ORACLE_TRAP_H

#include <stdbool.h>

struct vcpu;
struct vm;

void trap_open(struct vm *vm);
void trap_close(void);
bool trap_enter(struct vcpu *vcpu);
void trap_leave(struct vcpu *vcpu);

#endif /* ORACLE_TRAP_H */
