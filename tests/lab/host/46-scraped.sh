#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A host for tests/check-scraped.sh, which has Prometheus scrape it from outside the
# lab. Of its two VMs one hangs after an NMI and is well again after the next: it is
# idle, or spins with interrupts off. QEMU's monitor, which can send NMIs, is within
# reach of outside, too; the test ends with that VM.
# asked
# needs: linux-guest
# silence: 900
. /lab/host/lib.sh
. /lab/host/module.sh

METRICS=9982
MONITOR=9983

# boot NAME CODE - a VM whose boot sector is that code, in the background; sets vmm
boot()
{
	boot_sector "/tmp/boot-$1" "$2"
	qemu-system-x86_64 -name "guest=$1" -enable-kvm -nodefaults -display none \
		-m 16 -cpu "$GUEST_CPU" -drive "file=/tmp/boot-$1,format=raw" \
		-monitor "unix:/tmp/$1.monitor,server=on,wait=off" \
		</dev/null >"/tmp/$1.log" 2>&1 &
	vmm=$!
}

gone()
{
	! kill -0 "$1" 2>/dev/null
}

modprobe virtio_net
busybox ifconfig lo 127.0.0.1 up
check "there is a network: VCPU_INFO_HOST_PORTS" busybox ifconfig eth0 10.0.2.15 up
check "the module loads" module_load
boot well '\xfb\xf4\xeb\xfd'			# sti; hlt; jmp hlt
well=$vmm
# The handler of NMIs flips the byte at 0x7d00. While it is 0: sti; hlt. Else: cli; jmp.
boot hangs '\xfa\x31\xc0\x8e\xd8\x8e\xd0\xbc\x00\x7c\xc7\x06\x08\x00\x22\x7c\xa3\x0a\x00\x2e\x80\x3e\x00\x7d\x00\x74\x03\xfa\xeb\xf5\xfb\xf4\xeb\xf1\x2e\x80\x36\x00\x7d\x01\xcf'
hangs=$vmm
vcpu-info export --listen "0.0.0.0:$METRICS" 2>/tmp/export.err &
exporter=$!
socat "TCP-LISTEN:$MONITOR,reuseaddr,fork" UNIX-CONNECT:/tmp/hangs.monitor &
relay=$!
check "outside ends it" poll_until 800 gone "$hangs"
kill "$exporter" "$relay" "$well"
wait "$exporter"
is "the exporter ends well" $? 0
diag </tmp/export.err
tap_end
