#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# ftrace shuts itself down under the module, which can then not be unloaded. The
# last test of all: nothing can be traced or hooked after it.
# asked
. /lab/host/hostile.sh

told()
{
	dmesg | grep -q 'vcpu_info: ftrace cannot remove a hook (error -19)'
}

check "the module loads" module_load
check "ftrace dies" eval '! insmod /lab/modules/ftrace_killer.ko 2>/dev/null &&
	dmesg | grep -q "ftrace_killer: ftrace is dead"'
rmmod vcpu_info </dev/null >/dev/null 2>&1 &
unload=$!
check "the log says that the module stays" poll_until 60 told
check "unloading does not end" kill -0 $unload
like "the module is going, and there" "$(grep '^vcpu_info ' /proc/modules)" \
	' Unloading '
like "a guest that asks is answered" "$(/lab/bin/fleet callers 1)" \
	'vCPU 0 is told -22'
check "and so is another" /lab/bin/hostile ask --count 8
quiet_log
tap_end
