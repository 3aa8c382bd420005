// SPDX-License-Identifier: GPL-2.0
/*
 * The module's own trace instance: a guest can evict nobody else's events from
 * it, and nothing has to be enabled by hand.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/trace_events.h>

#include "compat/ftrace.h"
#include "instance.h"
#include "vcpu_info_abi.h"

#define BUFFER_FILE	"instances/" VCPU_INFO_INSTANCE "/buffer_size_kb"

static struct trace_array *instance;

/*
 * The kernel has no exported call for the size, so this writes the file that
 * a person would write. An instance starts at 1408 KiB for each CPU.
 */
static int set_buffer_size(unsigned int buffer_kb)
{
	static const char * const paths[] = {
		"/sys/kernel/tracing/" BUFFER_FILE,
		"/sys/kernel/debug/tracing/" BUFFER_FILE,
	};
	struct file *file = NULL;
	char text[16];
	loff_t pos = 0;
	ssize_t len;
	int i;

	for (i = 0; i < ARRAY_SIZE(paths); i++) {
		file = filp_open(paths[i], O_WRONLY, 0);
		if (!IS_ERR(file))
			break;
	}
	if (IS_ERR(file))
		return PTR_ERR(file);

	len = scnprintf(text, sizeof(text), "%u\n", buffer_kb);
	len = kernel_write(file, text, len, &pos);
	filp_close(file, NULL);

	return len < 0 ? len : 0;
}

/**
 * vcpu_info_instance_init() - make the instance and enable our events in it
 * @buffer_kb: size in KiB for each CPU; 0 to have no instance
 *
 * An instance of that name that exists already is used and stays as it is,
 * but for its size and our events. Without tracefs mounted the instance keeps
 * the kernel's default size.
 *
 * Return: 0; -ENOMEM if there is no room for it; -EINVAL if the kernel does
 * not have our events.
 */
int vcpu_info_instance_init(unsigned int buffer_kb)
{
	int err;

	if (!buffer_kb)
		return 0;

	instance = compat_trace_array_get_by_name(VCPU_INFO_INSTANCE,
						  VCPU_INFO_SYSTEM);
	if (!instance) {
		pr_err("cannot make trace instance %s: out of memory, or tracing is disabled\n",
		       VCPU_INFO_INSTANCE);
		return -ENOMEM;
	}

	err = set_buffer_size(buffer_kb);
	if (err)
		pr_warn("cannot set the buffer size of trace instance %s (error %d): it keeps the kernel's default\n",
			VCPU_INFO_INSTANCE, err);

	err = trace_array_set_clr_event(instance, VCPU_INFO_SYSTEM, NULL, true);
	if (err) {
		pr_err("cannot enable the events of trace instance %s (error %d)\n",
		       VCPU_INFO_INSTANCE, err);
		vcpu_info_instance_exit();
	}

	return err;
}

/*
 * A reader that has a file of the instance open keeps it alive; it then stays,
 * with our events gone, and the next load finds it again.
 */
void vcpu_info_instance_exit(void)
{
	struct trace_array *tr = instance;
	int err;

	if (!tr)
		return;

	instance = NULL;
	trace_array_set_clr_event(tr, VCPU_INFO_SYSTEM, NULL, false);
	trace_array_put(tr);
	err = trace_array_destroy(tr);
	if (err)
		pr_notice("trace instance %s is in use and stays (error %d): rmdir it when its readers are done\n",
			  VCPU_INFO_INSTANCE, err);
}

bool vcpu_info_instance_exists(void)
{
	return instance;
}
