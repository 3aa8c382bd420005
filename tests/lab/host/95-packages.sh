#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The packages on a host in use: upgrade, removal and installation by apt, while
# a guest runs and asks and vcpu-info follow has its records open. The guest's
# module loads by itself. /lab/logs/apt-install.log has what apt said, and the
# first record after it.
# needs: linux-guest
# timeout: 900
. /lab/host/lib.sh
. /lab/host/module.sh
. /lab/host/packages.sh

LOG=/lab/logs/apt-install.log

# ask - the guest asks again and again, until ask_stop
ask()
{
	guest_run web 'while [ ! -e /tmp/stop ]; do
			vcpu-info-guest trigger --vcpu-id 0
		done >/dev/null 2>&1 & echo started'
}

ask_stop()
{
	guest_run web 'touch /tmp/stop; wait; rm -f /tmp/stop'
}

lines()
{
	wc -l </tmp/follow.json
}

more_lines()
{
	[ "$(lines)" -gt "$1" ]
}

follow_ended()
{
	! kill -0 $follow 2>/dev/null
}

not_loaded()
{
	[ ! -d /sys/module/vcpu_info ]
}

like "at boot the module was loaded after KVM, by $(softdep_file)" \
	"$(cat "$(softdep_file)")" "^softdep kvm_$VENDOR post: vcpu_info"
check "apt reads the repository" packages_update || exit 1
is "the host's packages have the old version" "$(packages_state)" \
	"ii $OLD ii $OLD"

# The guest's module is installed and not loaded, as on a machine that boots.
export GUEST_APPEND=lab.nomod
check "a guest boots" guest_start web || exit 1
is "the guest has no device yet" \
	"$(guest_run web 'ls /dev/vcpu-info 2>/dev/null')" ""
# What udev's rule 80-drivers does with the CPU it finds at boot, by kmod: for
# busybox the alias is too long.
check "its CPU's alias loads the module" guest_run web 'ln -s /bin/kmod /modprobe
	/modprobe -b "$(sed -n s/^MODALIAS=//p /sys/devices/system/cpu/cpu0/uevent)"
	test -c /dev/vcpu-info'
like "the device is root's alone" \
	"$(guest_run web 'ls -l /dev/vcpu-info')" '^crw------- .* (0|root) +(0|root) '

# Upgrade, without headers: nothing can be built, and nothing in use breaks

module_unlimited
guest_run web 'vcpu-info-guest trigger' >/dev/null
vcpu-info follow --json >/tmp/follow.json 2>/tmp/follow.err &
follow=$!
is "the guest asks on and on" "$(ask)" started
check "follow prints what it asks for" poll_until 60 more_lines 0
mv "/lib/modules/$(uname -r)/build" /tmp/build
check "the packages are upgraded without headers" \
	packages_install upgrade "$NEXT"
is "wholly" "$(packages_state)" "ii $NEXT ii $NEXT"
like "saying what is missing" "$(cat /lab/logs/apt-upgrade.log)" \
	"apt install linux-headers-$(uname -r)"
mv /tmp/build "/lib/modules/$(uname -r)/build"
is "the loaded module is the old one" "$(cat /sys/module/vcpu_info/version)" \
	"${OLD%-*}"
check "follow is still there" kill -0 $follow
n=$(lines)
check "and prints on" poll_until 60 more_lines "$n"
check "the new vcpu-info shows the old module's records" vcpu-info show
like "and says that the versions differ" "$(vcpu-info status)" \
	"the module is version ${OLD%-*}, vcpu-info is ${NEXT%-*}"

# Removal, with all of that going on

instance=/sys/kernel/tracing/instances/vcpu_info
exec 5<$instance/trace_pipe
check "the packages are removed" packages_apt remove remove \
	"${HOST_PACKAGES[@]}"
like "saying that a reader keeps the trace instance" \
	"$(cat /lab/logs/apt-remove.log)" "^$instance is in use"
check "as it does" test -d $instance
exec 5<&-
check "the module is gone" not_loaded
is "and its hook" "$(hooks)" ""
check "follow ends by itself" poll_until 60 follow_ended ||
	kill -KILL $follow
wait $follow
is "as one without the module" $? 3
like "and says so" "$(cat /tmp/follow.err)" 'module vcpu_info was unloaded'
check "the guest runs on" guest_run web true
ask_stop
like "and is told that nobody answers" \
	"$(guest_run web 'vcpu-info-guest trigger 2>&1')" 'host'
check "they are purged" packages_apt purge purge "${HOST_PACKAGES[@]}"
packages_left | tee /lab/logs/packages-left
is "no file is left" "$(packages_left)" ""
is "no trace instance is left" \
	"$(find /sys/kernel/tracing/instances -mindepth 1 -name 'vcpu_info*')" ""
is "modprobe knows nothing of it" \
	"$(grep -l vcpu_info\\b /lib/modules/*/modules.{dep,softdep,alias})" ""

# Installation, from nothing to the first record

{
	echo "# apt-get install ${HOST_PACKAGES[*]}"
	packages_install install "$OLD"
	status=$?
	cat /lab/logs/apt-install-old.log
} >>$LOG 2>&1
check "they are installed by apt" test $status -eq 0
is "wholly" "$(packages_state)" "ii $OLD ii $OLD"
check "the module is loaded" test -d /sys/module/vcpu_info
check "vcpu-info status finds no fault" vcpu-info status
check "the guest is answered" guest_run web 'vcpu-info-guest trigger --vcpu-id 1'
{
	echo "# vcpu-info show --vcpu 1"
	vcpu-info show --vcpu 1
} >>$LOG 2>&1
diag <$LOG
like "the first record is there" "$(tail -n +2 $LOG)" \
	"^VM $(guest_pid web):[0-9]+ \(web\) vCPU 1 thread [0-9]+ "
