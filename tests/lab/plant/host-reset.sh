#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The host is reset without a word, as after a triple fault: once.
# fails: the host powered off
. /lab/host/lib.sh

ok "before the reset"
echo b >/proc/sysrq-trigger
