// SPDX-License-Identifier: GPL-2.0
#include <limits.h>
#include <string.h>

#include "commands.h"
#include "msg.h"
#include "result.h"
#include "vcpu_info_abi.h"

#define MODULE_VERSION	"/sys/module/vcpu_info_guest/version"

int status_ask(const struct device *dev, struct status *status)
{
	struct vcpu_info_ioc_info info = { 0 };
	int error = dev->ops->ioctl(dev, VCPU_INFO_IOC_INFO, &info);

	if (error)
		return error;
	status->abi_version = info.abi_version;
	status->hypercall_nr = info.hypercall_nr;
	status->nr_cpus = info.nr_cpus;
	status->result = info.result;
	return 0;
}

int status_judge(const struct status *status)
{
	const struct result_kind *kind = result_kind(status->result);

	if (status->abi_version != VCPU_INFO_ABI_VERSION) {
		msg_error("the module has ABI version %u, this program %d",
			  status->abi_version, VCPU_INFO_ABI_VERSION);
		msg_hint(HINT_VERSIONS);
		return EXIT_FAILED;
	}
	if (kind->exit_code != EXIT_OK) {
		msg_error("%s", kind->what);
		msg_hint("%s", kind->hint);
	}
	return kind->exit_code;
}

const char *status_module_version(const char *root)
{
	static char version[64];
	char path[PATH_MAX];
	FILE *f;

	snprintf(path, sizeof(path), "%s" MODULE_VERSION, root);
	f = fopen(path, "re");
	if (!f)
		return NULL;
	if (!fgets(version, sizeof(version), f))
		version[0] = '\0';
	fclose(f);
	version[strcspn(version, "\n")] = '\0';
	return version;
}
