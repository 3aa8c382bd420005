#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A program of ours aborts in the background, of which the kernel says nothing.
# fails: the kernels' logs are clean
. /lab/host/lib.sh

vcpu-info follow >/dev/null 2>&1 &
check "it runs" poll_until 20 eval \
	'[ -d /proc/'$!' ] && readlink /proc/'$!'/exe | grep -q vcpu-info'
kill -ABRT $!
check "it is noticed" poll_until 20 eval 'dmesg | grep -q "lab: crashed"'
tap_end
