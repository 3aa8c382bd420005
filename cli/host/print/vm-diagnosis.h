/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is wrong with VMs, for people and for programs.
 */
#ifndef HOST_PRINT_VM_DIAGNOSIS_H
#define HOST_PRINT_VM_DIAGNOSIS_H

#include <stdio.h>

#include "diagnosis.h"

/* A line for the VM, and one for each vCPU. */
void diagnosis_print_text(FILE *out, const struct vm_diagnosis *diagnosis);

/* One JSON object. */
void diagnosis_print_json(FILE *out, const struct vm_diagnosis *diagnosis);

#endif /* HOST_PRINT_VM_DIAGNOSIS_H */
