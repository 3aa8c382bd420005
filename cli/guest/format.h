/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The program's output. vcpu-info-guest(1) documents columns and keys.
 */
#ifndef GUEST_FORMAT_H
#define GUEST_FORMAT_H

#include <stdbool.h>
#include <stdio.h>

#include "vcpu_info_abi.h"

#define NO_NUMBER	(-1)

/**
 * struct reply - what came of asking for one vCPU
 * @iteration: 1 the first time
 * @cpu: Linux's number, NO_NUMBER if it was asked for by id
 * @vcpu_id: KVM's id
 * @has_vcpu_id: false for a CPU that has none
 * @result: 0 or a negative errno number
 */
struct reply {
	int iteration;
	int cpu;
	int vcpu_id;
	bool has_vcpu_id;
	int result;
};

/**
 * struct status - what there is on this side, and whether the host answers
 * @device: path of the device, NULL if it could not be opened
 * @kvm_guest: whether this machine is a KVM guest
 * @module_version: version of vcpu_info_guest, NULL if it is not loaded
 * @abi_version: of the module; this and what follows only with a device
 * @hypercall_nr: the module's
 * @nr_cpus: CPUs online
 * @result: of the probe
 */
struct status {
	const char *device;
	bool kvm_guest;
	const char *module_version;
	unsigned int abi_version;
	unsigned int hypercall_nr;
	unsigned int nr_cpus;
	int result;
};

/* A column for the iteration is there only if there is more than one. */
void format_header(FILE *out, bool iterations);
void format_reply(FILE *out, const struct reply *reply, bool iterations);
void format_reply_json(FILE *out, const struct reply *reply);

/* A mark with what came of it, and the name of that. */
void format_mark(FILE *out, const struct vcpu_info_ioc_mark *mark,
		 const char *name);
void format_mark_json(FILE *out, const struct vcpu_info_ioc_mark *mark,
		      const char *name);

void format_status(FILE *out, const struct status *status);
void format_status_json(FILE *out, const struct status *status);

#endif /* GUEST_FORMAT_H */
