// SPDX-License-Identifier: GPL-2.0
#include <errno.h>

#include "commands.h"
#include "format.h"
#include "msg.h"
#include "result.h"
#include "retry.h"
#include "vcpu_info_abi.h"

/* The hypercall that carries marks is newer than the one that does not. */
static const struct result_kind old_host = {
	-ENOSYS, "old-host", EXIT_NO_HOST,
	"the host's vcpu_info is too old for marks",
	"On the host: update vcpu-info-dkms. 'vcpu-info-guest trigger' works as it is.",
};

/* No vcpu_info at all, or one that does not know of marks: a probe tells. */
static const struct result_kind *judge(const struct device *dev, int result)
{
	struct vcpu_info_ioc_info info = { 0 };

	if (result != -ENOSYS ||
	    dev->ops->ioctl(dev, VCPU_INFO_IOC_INFO, &info) ||
	    info.result == -ENOSYS)
		return result_kind(result);
	return &old_host;
}

static int failed(int error)
{
	if (error != -ENOTTY)
		return device_ioctl_failed(error);
	msg_error("the module vcpu_info_guest is older than this command: it knows no marks");
	msg_hint(HINT_VERSIONS);
	return EXIT_FAILED;
}

int mark_run(const struct device *dev, const struct mark_opts *opts, FILE *out)
{
	struct vcpu_info_ioc_mark mark;
	const struct result_kind *kind;
	struct retry retry = { 0 };
	int error;

	do {
		mark = (struct vcpu_info_ioc_mark){ .cookie = opts->cookie };
		error = dev->ops->ioctl(dev, VCPU_INFO_IOC_MARK, &mark);
		if (error)
			return failed(error);
	} while (mark.result == -EAGAIN && retry_wait(&retry, dev));
	kind = judge(dev, mark.result);
	if (opts->json)
		format_mark_json(out, &mark, kind->name);
	else
		format_mark(out, &mark, kind->name);
	if (kind->exit_code != EXIT_OK) {
		msg_error("%s", kind->what);
		msg_hint("%s", kind->hint);
	}
	return kind->exit_code;
}
