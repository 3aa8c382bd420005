// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
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
#include <unistd.h>

#include "child.h"
#include "cmd.h"
#include "compiler.h"
#include "exit-codes.h"
#include "msg.h"
#include "sandbox.h"

#define NOBODY	65534

/* The first of the numbers that x86-64 has for the calls of x32. */
#define X32_CALLS	0x40000000

/*
 * A list of what is allowed would break with each library that is newer. These
 * are the calls by which a process gets out, or gets at the kernel's rarer code.
 */
static const uint32_t forbidden[] = {
	__NR_execve, __NR_execveat, __NR_ptrace, __NR_process_vm_readv,
	__NR_process_vm_writev, __NR_kill, __NR_tkill, __NR_socket,
	__NR_socketpair, __NR_connect, __NR_bind, __NR_mount, __NR_umount2,
	__NR_pivot_root, __NR_chroot, __NR_setns, __NR_unshare, __NR_bpf,
	__NR_perf_event_open, __NR_userfaultfd, __NR_init_module,
	__NR_finit_module, __NR_delete_module, __NR_kexec_load, __NR_add_key,
	__NR_request_key, __NR_keyctl, __NR_io_uring_setup,
	__NR_rt_sigqueueinfo, __NR_rt_tgsigqueueinfo, __NR_pidfd_open,
	__NR_pidfd_getfd, __NR_pidfd_send_signal, __NR_open_by_handle_at,
	__NR_open_tree, __NR_move_mount, __NR_fsopen, __NR_fsconfig,
	__NR_fsmount,
};

#define LOAD(field)	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, \
				 offsetof(struct seccomp_data, field))
#define RETURN(what)	BPF_STMT(BPF_RET | BPF_K, what)
#define DENY		(SECCOMP_RET_ERRNO | EPERM)

/*
 * Unknown architectures and x32 have other numbers: nothing goes there. Of a file
 * nothing is mapped: libtracecmd reads it then, page by page, instead of filling
 * memory with it, and one that is cut off meanwhile raises no SIGBUS. Into a terminal
 * nothing is put that its shell would read: of the ioctl's number the kernel takes the
 * lower half alone, and so does this.
 */
static bool filter_calls(void)
{
	struct sock_filter code[18 + 2 * ARRAY_SIZE(forbidden)] = {
		LOAD(arch),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
		RETURN(DENY),
		LOAD(nr),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_CALLS, 0, 1),
		RETURN(DENY),
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
	};
	struct sock_fprog program;
	unsigned short len = 17;

	for (size_t i = 0; i < ARRAY_SIZE(forbidden); i++) {
		code[len++] = (struct sock_filter)
			BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, forbidden[i], 0, 1);
		code[len++] = (struct sock_filter)RETURN(DENY);
	}
	code[len++] = (struct sock_filter)RETURN(SECCOMP_RET_ALLOW);
	program = (struct sock_fprog){ .len = len, .filter = code };
	return !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
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
	return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) && filter_calls();
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
