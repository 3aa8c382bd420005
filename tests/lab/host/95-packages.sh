#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The packages on a host in use: installation, upgrade and removal by apt, while a
# guest asks and vcpu-info follow has its records open. /lab/logs/apt-*.log has
# what apt said. DKMS compiles nothing here: it has what it built with the image.
# needs: linux-guest
# with: UPGRADE
# rows: bookworm-amd
# silence: 1200
# rest
. /lab/host/lib.sh
. /lab/host/module.sh
. /lab/host/packages.sh

INSTANCE=/sys/kernel/tracing/instances/vcpu_info

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

# follow_goes_on AFTER - what the guest asks for is still printed
follow_goes_on()
{
	local n

	n=$(lines)
	check "$1: follow prints on" poll_until 60 more_lines "$n"
}

packages_begin || exit 1
packages_built
module_unlimited
check "a guest boots" guest_start web || exit 1
vcpu-info follow --json >/tmp/follow.json 2>/tmp/follow.err &
follow=$!
is "the guest asks on and on" "$(guest_run web 'while [ ! -e /tmp/stop ]; do
		vcpu-info-guest trigger --vcpu-id 0; sleep 1
	done >/dev/null 2>&1 & echo started')" started
check "follow prints what it asks for" poll_until 60 more_lines 0

check "upgrade: apt" packages_install upgrade "$NEXT"
is "upgrade: wholly" "$(packages_state)" "ii $NEXT ii $NEXT"
is "upgrade: the next load takes the new module" \
	"$(modinfo -F version vcpu_info)" "${NEXT%-*}"
is "upgrade: the loaded module is left alone" \
	"$(cat /sys/module/vcpu_info/version)" "${OLD%-*}"
follow_goes_on upgrade
check "the new vcpu-info shows the old module's records" vcpu-info show
like "and says that the versions differ" "$(vcpu-info status)" \
	"the module is version ${OLD%-*}, vcpu-info is ${NEXT%-*}"

check "downgrade: apt" packages_install downgrade "$OLD"
is "downgrade: wholly" "$(packages_state)" "ii $OLD ii $OLD"
is "downgrade: the module is the old one" \
	"$(modinfo -F version vcpu_info)" "${OLD%-*}"
follow_goes_on downgrade

like "before removal there are files of ours" "$(packages_left)" \
	'^/usr/bin/vcpu-info$'
exec 5<$INSTANCE/trace_pipe
check "remove: apt" packages_apt remove remove "${HOST_PACKAGES[@]}"
like "remove: apt says that a reader keeps the trace instance" \
	"$(cat /lab/logs/apt-remove.log)" "^$INSTANCE stays"
check "as it does" test -d $INSTANCE
exec 5<&-
check "without the reader it can be removed" rmdir $INSTANCE
check "the module is gone" test ! -d /sys/module/vcpu_info
is "and its hook" "$(hooks)" ""
check "follow ends by itself" poll_until 60 follow_ended ||
	kill -KILL $follow
wait $follow
is "as one without the module" $? 3
like "and says so" "$(cat /tmp/follow.err)" 'module vcpu_info was unloaded'
check "the guest runs on" guest_run web 'touch /tmp/stop'
guest_run web 'vcpu-info-guest trigger' >/tmp/out 2>&1
is "and is told that nobody answers: exit status 4" $? 4
check "purge: apt" packages_apt purge purge "${HOST_PACKAGES[@]}"
is "nothing is left: files, modules, trace instances" "$(packages_left)" ""

packages_built
check "install, from nothing: apt" packages_install install "$OLD"
is "install: wholly" "$(packages_state)" "ii $OLD ii $OLD"
check "install: the module is loaded" test -d /sys/module/vcpu_info
check "vcpu-info status finds no fault" vcpu-info status
check "the guest is answered" guest_run web 'vcpu-info-guest trigger --vcpu-id 1'
{
	echo "# vcpu-info show"
	vcpu-info show
} >>/lab/logs/apt-install.log 2>&1
diag </lab/logs/apt-install.log
like "the first record is there" "$(cat /lab/logs/apt-install.log)" \
	"^VM $(guest_pid web):[0-9]+ \(web\) vCPU 1 thread [0-9]+ "
tap_end
