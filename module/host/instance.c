// SPDX-License-Identifier: GPL-2.0
/*
 * The module's own trace instance: a guest can evict nobody else's events from
 * it, and nothing has to be enabled by hand.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/namei.h>
#include <linux/path.h>
#include <linux/sched.h>
#include <linux/trace_events.h>
#include <linux/uaccess.h>

#include "compat/ftrace.h"
#include "instance.h"
#include "vcpu_info_abi.h"

#define INSTANCE_DIR	"instances/" VCPU_INFO_INSTANCE
#define BUFFER_FILE	INSTANCE_DIR "/buffer_size_kb"

static struct trace_array *instance;
static bool instance_was_there;

/* The kernel exports no call that looks for an instance and makes none. */
static bool look_for_instance(void)
{
	struct path path;

	if (kern_path("/sys/kernel/tracing/" INSTANCE_DIR, LOOKUP_FOLLOW,
		      &path) &&
	    kern_path("/sys/kernel/debug/tracing/" INSTANCE_DIR, LOOKUP_FOLLOW,
		      &path))
		return false;

	path_put(&path);
	return true;
}

static struct file *open_buffer_file(void)
{
	struct file *file;

	file = filp_open("/sys/kernel/tracing/" BUFFER_FILE, O_WRONLY, 0);
	if (IS_ERR(file))
		file = filp_open("/sys/kernel/debug/tracing/" BUFFER_FILE,
				 O_WRONLY, 0);

	return file;
}

/* tracefs takes what is written from user memory only, so lend it a page. */
static ssize_t write_as_user(struct file *file, const char *text, size_t len)
{
	unsigned long page;
	loff_t pos = 0;
	ssize_t ret;

	if (!current->mm || !file->f_op->write)
		return -EINVAL;

	page = vm_mmap(NULL, 0, PAGE_SIZE, PROT_READ | PROT_WRITE,
		       MAP_ANONYMOUS | MAP_PRIVATE, 0);
	if (IS_ERR_VALUE(page))
		return page;

	ret = -EFAULT;
	if (!copy_to_user((void __user *)page, text, len))
		ret = file->f_op->write(file, (void __user *)page, len, &pos);
	vm_munmap(page, PAGE_SIZE);

	return ret;
}

/*
 * The kernel exports no call for the size of an instance, which starts at
 * 1408 KiB for each CPU; so this writes the file that a person would write.
 */
static int set_buffer_size(unsigned int buffer_kb)
{
	struct file *file;
	char text[16];
	ssize_t ret;

	file = open_buffer_file();
	if (IS_ERR(file))
		return PTR_ERR(file);

	ret = write_as_user(file, text,
			    scnprintf(text, sizeof(text), "%u\n", buffer_kb));
	filp_close(file, NULL);

	return ret < 0 ? ret : 0;
}

/**
 * vcpu_info_instance_init() - make the instance and enable our events in it
 *
 * An instance of that name that exists already is used, and kept when the module
 * goes; only its size and our events are set.
 *
 * Return: 0; -ENOMEM if there is no room for it; -EINVAL if the kernel does
 * not have our events.
 */
int vcpu_info_instance_init(void)
{
	int err;

	instance_was_there = look_for_instance();
	instance = compat_trace_array_get_by_name(VCPU_INFO_INSTANCE,
						  VCPU_INFO_SYSTEM);
	if (!instance) {
		pr_err("cannot make trace instance %s: out of memory, or tracing is disabled\n",
		       VCPU_INFO_INSTANCE);
		return -ENOMEM;
	}

	if (instance_was_there)
		pr_info("trace instance %s exists: unloading will not remove it\n",
			VCPU_INFO_INSTANCE);

	err = trace_array_set_clr_event(instance, VCPU_INFO_SYSTEM, NULL, true);
	if (err) {
		pr_err("cannot enable the events of trace instance %s (error %d)\n",
		       VCPU_INFO_INSTANCE, err);
		vcpu_info_instance_exit();
	}

	return err;
}

/**
 * vcpu_info_instance_resize() - set the size of the instance, if there is one
 * @buffer_kb: size in KiB for each CPU
 *
 * Without tracefs mounted the instance keeps the kernel's default size.
 *
 * This leaves a file open until modprobe is back in user space, and with it the
 * instance cannot go: so nothing that may fail comes after this.
 */
void vcpu_info_instance_resize(unsigned int buffer_kb)
{
	int err;

	if (!instance)
		return;

	err = set_buffer_size(buffer_kb);
	if (err)
		pr_warn("cannot set the buffer size of trace instance %s (error %d): it keeps the kernel's default\n",
			VCPU_INFO_INSTANCE, err);
}

/*
 * A reader that has a file of the instance open keeps it alive; it then stays,
 * with our events gone, and the next load finds it again and keeps it.
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
	if (instance_was_there)
		return;

	err = trace_array_destroy(tr);
	if (err)
		pr_notice("trace instance %s is still in use (error %d): rmdir it when its readers are done\n",
			  VCPU_INFO_INSTANCE, err);
}

bool vcpu_info_instance_exists(void)
{
	return instance;
}
