#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The host asks, by its device: the oracle's states, what is refused, and that VMs,
# samplers and the module may go at any time.
# hostile
# rows: bookworm-amd
# silence: 14400
. /lab/host/hostile.sh

DEVICE=/dev/vcpu-info-host

# sampler COMMAND N - its results as ours
sampler()
{
	tap_relay "" /lab/bin/sampler "$@"
	[ $? -le 1 ] || not_ok "sampler $1 can test"
}

# oracle WHAT ARGUMENT... - its results as ours
oracle()
{
	local what=$1

	shift
	tap_relay "$what: " /lab/bin/oracle --host "$@"
	[ $? -le 1 ] || not_ok "$what: the oracle can test"
}

check "the module loads" module_unlimited
is "the device is root's alone" "$(stat -c '%F %a %U' $DEVICE)" \
	"character special file 600 root"
before=$(count samples)
nr=$(sized 40 200 1000)
[ "$nr" -ge 20 ] || nr=20
oracle "the host asks" --all --count "$nr"
oracle "for nested guests" --count "$nr" --state nested \
	--state nested-user --state nested-halted --state nested-paused \
	--state nested-preempted --state nested-exits
oracle "in a PID namespace" --pidns 2 --count 20 \
	--state halted --state user --state never-run
check "the module counted what the host asked for" \
	test "$(count samples)" -gt "$before"

tap_relay "" /lab/bin/device_errors
sampler quiet "$(sized 1000 1000 10000)"
sampler fuzz "$(sized 20000 1000000 1000000)"
sampler gone "$(sized 6 40 1000)"
sampler stopped "$(sized 20 100 1000)"
served "after all that"

# Two processes of the host and all vCPUs of a guest ask at once, and each record
# of the guest's is right

# vm_of PID - the descriptor of its VM
vm_of()
{
	compgen -G "/sys/kernel/debug/kvm/$1-*" | head -n 1 | sed 's/.*-//'
}

has_vm()
{
	[ -n "$(vm_of "$1")" ]
}

/lab/bin/oracle --state storm --count "$(sized 200 2000 10000)" >/tmp/storm.tap &
storm=$!
check "a storm has a VM" poll_until 60 has_vm $storm
for i in 1 2; do
	/lab/bin/sampler watch $storm "$(vm_of $storm)" >/tmp/watch.$i &
	watchers[i]=$!
done
wait $storm
is "the oracle finds nothing wrong while two more ask" $? 0 ||
	diag </tmp/storm.tap
for i in 1 2; do
	wait "${watchers[i]}"
	is "process $i has sampled to the end ($(cat /tmp/watch.$i))" $? 0
done

# The module goes while it is asked

storm_start --vcpus 2
# shellcheck disable=SC2153 # hostile.sh sets STORM
fd=$(vm_of "$STORM")
/lab/bin/sampler watch "$STORM" "$fd" >/tmp/watch.1 &
watcher=$!
cycles=0 nr=$(sized 3 10 200)
renice -n -20 -p $$ >/dev/null
while [ $cycles -lt "$nr" ]; do
	poll_until 60 more_than samples 0 || break
	poll_until 60 rmmod vcpu_info 2>/dev/null || break
	[ ! -e $DEVICE ] || break
	modprobe vcpu_info vm_rate=0 host_rate=0 || break
	cycles=$((cycles + 1))
done
renice -n 0 -p $$ >/dev/null
is "the module is unloaded and loaded while a process samples" $cycles "$nr"
exec 5<>$DEVICE
check "it stays while somebody has the device open" \
	eval '! rmmod vcpu_info 2>/dev/null && [ -d /sys/module/vcpu_info ]'
exec 5>&-
storm_stop
wait $watcher
is "the process has sampled to the end ($(cat /tmp/watch.1))" $? 0
served "at the end"
quiet_log
tap_end
