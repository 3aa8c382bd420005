/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A directory that looks like a host on which all is well: KVM on AMD, the
 * module loaded, its trace instance with two CPUs and data/trace-text.dat in
 * it, VM 1234 alive.
 */
#ifndef UNIT_HOST_H
#define UNIT_HOST_H

#include "support.h"

#define HOST_TRACING	"/sys/kernel/tracing"
#define HOST_INSTANCE	HOST_TRACING "/instances/vcpu_info"

#define HOST_CMDLINE	"/usr/bin/qemu-system-x86_64\0-name\0guest=web\0-S"

static inline void host_write_stats(const char *root, int cpu, int entries,
				    int overrun, int commit_overrun,
				    int dropped)
{
	char path[100];

	snprintf(path, sizeof(path), HOST_INSTANCE "/per_cpu/cpu%d/stats",
		 cpu);
	tree_write(root, path,
		   "entries: %d\noverrun: %d\ncommit overrun: %d\nbytes: 1234\noldest event ts:   115.000001\nnow ts:   122.5000%02d\ndropped events: %d\nread events: 7\n",
		   entries, overrun, commit_overrun, cpu, dropped);
}

static inline void host_write_kvm(const char *root)
{
	tree_write(root, "/proc/sys/kernel/osrelease", "6.1.0-56-amd64\n");
	tree_write(root, "/proc/sys/kernel/ftrace_enabled", "1\n");
	tree_write(root, "/proc/filesystems", "nodev\tsysfs\nnodev\ttracefs\n");
	tree_write(root, "/proc/cpuinfo",
		   "processor\t: 0\nflags\t\t: fpu svm npt\n");
	tree_write(root, "/proc/uptime", "130.00 200.00\n");
	tree_write(root, "/proc/self/mounts",
		   "sysfs /sys sysfs rw 0 0\nnodev " HOST_TRACING
		   " tracefs rw,nosuid 0 0\n");
	tree_write(root, "/sys/module/kvm/initstate", "live\n");
	tree_write(root, "/sys/module/kvm_amd/initstate", "live\n");
	tree_write(root, HOST_TRACING "/trace", "# tracer: nop\n");
}

static inline void host_write_module(const char *root)
{
	static const char * const files[][2] = {
		{ "/sys/module/vcpu_info/version", VCPU_INFO_VERSION },
		{ "/sys/module/vcpu_info/parameters/policy", "all" },
		{ "/sys/module/vcpu_info/parameters/vm_rate", "100" },
		{ "/sys/module/vcpu_info/parameters/vm_burst", "200" },
		{ "/sys/module/vcpu_info/parameters/host_rate", "0" },
		{ "/sys/module/vcpu_info/parameters/buffer_kb", "1408" },
		{ "/sys/kernel/vcpu_info/abi_version", "1" },
		{ "/sys/kernel/vcpu_info/hypercall_nr", "0x56435055" },
		{ "/sys/kernel/vcpu_info/hook", "active" },
		{ "/sys/kernel/vcpu_info/instance", "vcpu_info" },
		{ "/sys/kernel/vcpu_info/missing", "" },
		{ "/sys/kernel/vcpu_info/stats/requests", "14" },
		{ "/sys/kernel/vcpu_info/stats/records", "5" },
		{ "/sys/kernel/vcpu_info/stats/probes", "1" },
		{ "/sys/kernel/vcpu_info/stats/unlistened", "0" },
		{ "/sys/kernel/vcpu_info/stats/unknown_id", "1" },
		{ "/sys/kernel/vcpu_info/stats/policy", "0" },
		{ "/sys/kernel/vcpu_info/stats/rate_limited", "250" },
		{ "/sys/kernel/vcpu_info/stats/nested", "0" },
		{ "/sys/kernel/vcpu_info/stats/reserve", "3" },
		{ "/sys/kernel/vcpu_info/stats/torn", "1" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		tree_write(root, files[i][0], "%s\n", files[i][1]);
	tree_write(root, "/lib/modules/6.1.0-56-amd64/modules.dep",
		   "updates/dkms/vcpu_info.ko: kernel/arch/x86/kvm/kvm.ko\n");
}

static inline void host_write_instance(const char *root)
{
	tree_copy(root, HOST_INSTANCE "/trace", "trace-text.dat");
	tree_write(root, HOST_INSTANCE "/tracing_on", "1\n");
	tree_write(root, HOST_INSTANCE "/buffer_size_kb", "1408\n");
	tree_write(root, HOST_INSTANCE "/options/pause-on-trace", "0\n");
	tree_write(root, HOST_INSTANCE "/events/vcpu_info/vcpu_info/enable",
		   "1\n");
	tree_write(root,
		   HOST_INSTANCE "/events/vcpu_info/vcpu_info_error/enable",
		   "1\n");
	host_write_stats(root, 0, 5, 0, 0, 0);
	host_write_stats(root, 1, 2, 0, 0, 0);
}

/* VM 1234 has been running for 120 of the machine's 130 seconds. */
static inline void host_write_vmm(const char *root)
{
	tree_write(root, "/proc/1234/comm", "qemu (x) 1\n");
	tree_bytes(root, "/proc/1234/cmdline", HOST_CMDLINE,
		   sizeof(HOST_CMDLINE));
	tree_write(root, "/proc/1234/stat",
		   "1234 (qemu (x) 1) S 1 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 5 0 1000 99 98 97\n");
}

static inline char *host_make(void)
{
	char *root = tree_make();

	host_write_kvm(root);
	host_write_module(root);
	host_write_instance(root);
	host_write_vmm(root);
	return root;
}

#endif /* UNIT_HOST_H */
