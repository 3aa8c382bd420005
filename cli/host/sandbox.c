// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "cmd.h"
#include "compiler.h"
#include "exit-codes.h"
#include "msg.h"
#include "sandbox.h"

#define NOBODY	65534

/*
 * Calls from this number on are newer than the list below, or are those of x32: they do
 * not exist, as far as libraries can tell, which then do without.
 */
#define UNKNOWN_CALLS	451

/*
 * A list of what is allowed would break with each library that is newer. These
 * are the calls by which a process gets out, or gets at the kernel's rarer code.
 */
static const uint32_t forbidden[] = {
	/* other programs and processes: /proc/PID/mem is a file, too */
	__NR_execve, __NR_execveat, __NR_ptrace, __NR_process_vm_readv,
	__NR_process_vm_writev, __NR_kill, __NR_tkill, __NR_rt_sigqueueinfo,
	__NR_rt_tgsigqueueinfo, __NR_pidfd_open, __NR_pidfd_getfd,
	__NR_pidfd_send_signal, __NR_process_madvise, __NR_kcmp,
	__NR_migrate_pages, __NR_move_pages, __NR_shmget, __NR_shmat,
	__NR_msgget, __NR_semget, __NR_mq_open, __NR_mq_unlink,
	/* files */
	__NR_open, __NR_openat, __NR_openat2, __NR_creat,
	__NR_open_by_handle_at, __NR_truncate, __NR_rename, __NR_renameat,
	__NR_renameat2, __NR_unlink, __NR_unlinkat, __NR_rmdir, __NR_mkdir,
	__NR_mkdirat, __NR_mknod, __NR_mknodat, __NR_link, __NR_linkat,
	__NR_symlink, __NR_symlinkat, __NR_chmod, __NR_fchmod, __NR_fchmodat,
	__NR_chown, __NR_fchown, __NR_lchown, __NR_fchownat, __NR_utime,
	__NR_utimes, __NR_futimesat, __NR_utimensat, __NR_setxattr,
	__NR_fsetxattr, __NR_lsetxattr, __NR_removexattr, __NR_fremovexattr,
	__NR_lremovexattr,
	/* the network */
	__NR_socket, __NR_socketpair, __NR_connect, __NR_bind,
	/* the system */
	__NR_mount, __NR_umount2, __NR_pivot_root, __NR_chroot, __NR_setns,
	__NR_unshare, __NR_open_tree, __NR_move_mount, __NR_fsopen,
	__NR_fsconfig, __NR_fsmount, __NR_bpf, __NR_perf_event_open,
	__NR_userfaultfd, __NR_init_module, __NR_finit_module,
	__NR_delete_module, __NR_kexec_load, __NR_add_key, __NR_request_key,
	__NR_keyctl, __NR_io_uring_setup,
};

#define LOAD(field)	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, \
				 offsetof(struct seccomp_data, field))
#define RETURN(what)	BPF_STMT(BPF_RET | BPF_K, what)
#define DENY		(SECCOMP_RET_ERRNO | EPERM)

/*
 * Unknown architectures have other numbers: nothing goes there. Of a file
 * nothing is mapped: libtracecmd reads it then, page by page, instead of filling
 * memory with it, and one that is cut off meanwhile raises no SIGBUS. Into a terminal
 * nothing is put that its shell would read: of the ioctl's number the kernel takes the
 * lower half alone, and so does this. abort() sends a signal to its own process;
 * setrlimit() names it as 0.
 */
static bool filter_calls(void)
{
	struct sock_filter code[28 + 2 * ARRAY_SIZE(forbidden)] = {
		LOAD(arch),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
		RETURN(DENY),
		LOAD(nr),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, UNKNOWN_CALLS, 0, 1),
		RETURN(SECCOMP_RET_ERRNO | ENOSYS),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_mmap, 0, 4),
		LOAD(args[3]),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, MAP_ANONYMOUS, 1, 0),
		RETURN(DENY),
		RETURN(SECCOMP_RET_ALLOW),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_ioctl, 0, 5),
		LOAD(args[1]),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TIOCSTI, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TIOCLINUX, 0, 1),
		RETURN(DENY),
		RETURN(SECCOMP_RET_ALLOW),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_tgkill, 0, 4),
		LOAD(args[0]),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, getpid(), 1, 0),
		RETURN(DENY),
		RETURN(SECCOMP_RET_ALLOW),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_prlimit64, 0, 4),
		LOAD(args[0]),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0),
		RETURN(DENY),
		RETURN(SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program;
	unsigned short len = 27;

	for (size_t i = 0; i < ARRAY_SIZE(forbidden); i++) {
		code[len++] = (struct sock_filter)
			BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, forbidden[i], 0, 1);
		code[len++] = (struct sock_filter)RETURN(DENY);
	}
	code[len++] = (struct sock_filter)RETURN(SECCOMP_RET_ALLOW);
	program = (struct sock_fprog){ .len = len, .filter = code };
	return !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/*
 * A second wall, where the kernel has it: no path can be opened, and no process outside
 * can be looked into. The first version's rights are enough. It may be switched off.
 */
static void forbid_paths(void)
{
	const struct landlock_ruleset_attr all = {
		.handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1,
	};
	int rules = syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0);

	if (rules < 0)
		return;
	syscall(SYS_landlock_restrict_self, rules, 0);
	close(rules);
}

/* In a user namespace there may be no such user: root is none there, either. */
static bool drop_root(void)
{
	if (geteuid())
		return true;
	if (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
	    setresuid(NOBODY, NOBODY, NOBODY))
		return errno == EINVAL || errno == EPERM;
	return true;
}

/* Those that go with root have gone with it; a service may have some besides. */
static bool drop_capabilities(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {
		{ 0 },
	};

	return !syscall(SYS_capset, &header, none);
}

bool sandbox_enter(void)
{
	pid_t parent = getppid();

	if (!drop_root() || !drop_capabilities())
		return false;
	child_tie(parent);
	/* localtime() would open /etc/localtime */
	tzset();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return false;
	forbid_paths();
	return filter_calls();
}

/* A signal that ends the child by intent ends us, too. */
static int child_died(const char *file, int sig)
{
	switch (sig) {
	case SIGHUP:
	case SIGINT:
	case SIGPIPE:
	case SIGTERM:
		signal(sig, SIG_DFL);
		raise(sig);
	}
	msg_error("%s is damaged: the library that reads it crashed (%s)", file,
		  strsignal(sig));
	return EXIT_FAILED;
}

/* A crash ends the child alone, and who takes it over has little. */
static int call_confined(int (*call)(void *arg), void *arg)
{
	static const int crashes[] = { SIGSEGV, SIGBUS, SIGFPE, SIGABRT };
	const struct rlimit no_core = { 0 };

	setrlimit(RLIMIT_CORE, &no_core);
	for (size_t i = 0; i < ARRAY_SIZE(crashes); i++)
		signal(crashes[i], SIG_DFL);
	if (!sandbox_enter()) {
		msg_error("cannot give up privileges: %s", strerror(errno));
		return EXIT_FAILED;
	}
	return cmd_flush(call(arg));
}

int sandbox_call(int (*call)(void *arg), void *arg, const char *file)
{
	int status;
	pid_t pid;

	fflush(stdout);
	fflush(stderr);
	pid = child_fork();
	if (pid < 0) {
		msg_error("cannot fork: %s", strerror(errno));
		return EXIT_FAILED;
	}
	if (!pid)
		_exit(call_confined(call, arg));
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return EXIT_FAILED;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) :
				   child_died(file, WTERMSIG(status));
}
