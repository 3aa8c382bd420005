// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stddef.h>

#include "compiler.h"
#include "result.h"

/* Refusals that the host reports too have the name of its error event. */
static const struct result_kind kinds[] = {
	{ 0, "ok", EXIT_OK, NULL, NULL },
	{ -ENOSYS, "no-host", EXIT_NO_HOST,
	  "the host has no vcpu_info",
	  "On the host: apt install vcpu-info-dkms, modprobe vcpu_info; hypercall_nr must be the same on both sides ('vcpu-info-guest status' prints this side's)."
	},
	{ -EACCES, "policy", EXIT_REFUSED,
	  "the host's policy refuses this VM",
	  "On the host: 'vcpu-info policy' shows and sets which VMs are served."
	},
	{ -EPERM, "not-cpl0", EXIT_REFUSED,
	  "the host says that the request did not come from CPL 0",
	  "A layer between this kernel and KVM changes the privilege level; see vcpu_info(4)."
	},
	{ -EOPNOTSUPP, "nested", EXIT_REFUSED,
	  "the host serves no nested guest",
	  "Only a guest that runs directly on the host can ask it."
	},
	{ -EAGAIN, "rate-limit", EXIT_RATE_LIMITED,
	  "the host limits the rate of requests",
	  "Ask less often, or let the host's administrator raise vm_rate and vm_burst of the module vcpu_info."
	},
	{ -EINVAL, "unknown-id", EXIT_UNKNOWN_ID,
	  "this VM has no such vcpu_id",
	  "vcpu_ids are APIC ids: 'grep apicid /proc/cpuinfo' lists them."
	},
	{ -ENXIO, "no-cpu", EXIT_UNKNOWN_ID,
	  "there is no such CPU, or it is not online",
	  "/sys/devices/system/cpu/online lists the CPUs that are."
	},
};

static const struct result_kind unexpected = {
	-EIO, "unexpected", EXIT_FAILED,
	"the host's answer is none that this version knows",
	"Something else may serve this hypercall number there; compare the versions of both sides ('vcpu-info-guest status', 'vcpu-info status').",
};

const struct result_kind *result_kind(int number)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (kinds[i].number == number)
			return &kinds[i];
	}
	return &unexpected;
}
