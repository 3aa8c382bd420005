#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# needs: linux-guest
# rows: bookworm-amd
# guest: shared
# rest
# The lab itself: KVM is there, a guest with two CPUs runs and can be used.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. /lab/host/lib.sh

check "the host has KVM" test -c /dev/kvm
is "KVM's module for this vendor is loaded" \
	"$(grep -cE '^kvm_(amd|intel) ' /proc/modules)" 1

check "a guest boots" guest_share || exit 1

is "the guest has two CPUs" "$(guest_run lab nproc)" 2
is "the guest runs on KVM" \
	"$(guest_run lab 'dmesg | grep -o "Hypervisor detected: KVM"')" \
	"Hypervisor detected: KVM"
guest_run lab 'echo out; echo err >&2; exit 42' >/tmp/out 2>/tmp/err
is "a command's exit status comes back" $? 42
is "its standard output comes back" "$(cat /tmp/out)" out
is "its standard error comes back" "$(cat /tmp/err)" err
is "large output comes back whole" \
	"$(guest_run lab 'seq 1 20000' | md5sum)" "$(seq 1 20000 | md5sum)"

threads=$(guest_threads lab)
is "QMP names a thread for each vCPU" \
	"$(awk '{ print $1, $2 }' <<<"$threads" | xargs)" "0 0 1 1"
pid=$(guest_pid lab)
is "the threads are the guest's" "$(awk '{ print $3 }' <<<"$threads" |
	while read -r tid; do
		test -d "/proc/$pid/task/$tid" && echo yes
	done | xargs)" "yes yes"
guest_pause lab
is "the monitor shows both CPUs' registers" \
	"$(guest_info_registers lab | grep -c '^RAX=')" 2
guest_resume lab

check "a second guest boots beside it" \
	guest_start odd -smp 1,maxcpus=6,sockets=2,cores=3 \
	-device host-x86_64-cpu,socket-id=1,core-id=0,thread-id=0 || exit 1
is "its CPU numbers and APIC ids differ" \
	"$(guest_threads odd | awk '{ print $1, $2 }' | xargs)" \
	"0 0 3 4"
is "both guests answer" "$(guest_run lab nproc) $(guest_run odd nproc)" "2 2"
guest_stop odd
check "a guest ends when it is told to" guest_dead odd
tap_end
