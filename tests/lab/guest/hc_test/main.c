// SPDX-License-Identifier: GPL-2.0
/*
 * hc_test: any hypercall, from CPL 0, by hand.
 *
 *	echo "NR A0 A1 A2 A3" > /sys/kernel/debug/hc_test/run
 *	cat /sys/kernel/debug/hc_test/run
 *	rax=0xfffffffffffffc18 changed=none
 *
 * Missing arguments are 0. "changed" names every other GPR (RSP aside) that did
 * not come back as it was.
 */
#include <linux/debugfs.h>
#include <linux/kernel.h>
#include <linux/kvm_para.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>
#include <asm/cpufeature.h>

#include "call.h"

static const char * const reg_names[HC_NR_REGS] = {
	[HC_RAX] = "rax", [HC_RBX] = "rbx", [HC_RCX] = "rcx",
	[HC_RDX] = "rdx", [HC_RSI] = "rsi", [HC_RDI] = "rdi",
	[HC_RBP] = "rbp", [HC_R8] = "r8", [HC_R9] = "r9",
	[HC_R10] = "r10", [HC_R11] = "r11", [HC_R12] = "r12",
	[HC_R13] = "r13", [HC_R14] = "r14", [HC_R15] = "r15",
};

static DEFINE_MUTEX(lock);	/* protects before and after */
static u64 before[HC_NR_REGS];
static u64 after[HC_NR_REGS];
static struct dentry *dir;

static int run_show(struct seq_file *m, void *unused)
{
	bool changed = false;
	int i;

	mutex_lock(&lock);
	seq_printf(m, "rax=0x%llx changed=", after[HC_RAX]);
	for (i = HC_RAX + 1; i < HC_NR_REGS; i++) {
		if (before[i] == after[i])
			continue;
		seq_printf(m, "%s%s", changed ? "," : "", reg_names[i]);
		changed = true;
	}
	mutex_unlock(&lock);
	seq_puts(m, changed ? "\n" : "none\n");
	return 0;
}

static int run_open(struct inode *inode, struct file *file)
{
	return single_open(file, run_show, NULL);
}

static ssize_t run_write(struct file *file, const char __user *ubuf,
			 size_t len, loff_t *ppos)
{
	u64 nr, a[4] = {};
	char buf[128];
	int i;

	if (len >= sizeof(buf))
		return -EINVAL;
	if (copy_from_user(buf, ubuf, len))
		return -EFAULT;
	buf[len] = '\0';
	if (sscanf(buf, "%lli %lli %lli %lli %lli",
		   &nr, &a[0], &a[1], &a[2], &a[3]) < 1)
		return -EINVAL;

	mutex_lock(&lock);
	/* a value of its own for each register that is no argument */
	for (i = 0; i < HC_NR_REGS; i++)
		before[i] = 0x5a5a000000000000ULL | (0x1111ULL * i);
	before[HC_RAX] = nr;
	before[HC_RBX] = a[0];
	before[HC_RCX] = a[1];
	before[HC_RDX] = a[2];
	before[HC_RSI] = a[3];
	memcpy(after, before, sizeof(after));
	hc_test_call(after, boot_cpu_has(X86_FEATURE_VMMCALL));
	mutex_unlock(&lock);
	return len;
}

static const struct file_operations run_fops = {
	.owner = THIS_MODULE,
	.open = run_open,
	.read = seq_read,
	.write = run_write,
	.llseek = seq_lseek,
	.release = single_release,
};

static int __init hc_test_init(void)
{
	if (!kvm_para_available())
		return -ENODEV;

	dir = debugfs_create_dir("hc_test", NULL);
	if (IS_ERR(dir))
		return PTR_ERR(dir);
	debugfs_create_file("run", 0600, dir, NULL, &run_fops);
	return 0;
}

static void __exit hc_test_exit(void)
{
	debugfs_remove(dir);
}

module_init(hc_test_init);
module_exit(hc_test_exit);

MODULE_DESCRIPTION("Make any hypercall and check the registers");
MODULE_LICENSE("GPL");
