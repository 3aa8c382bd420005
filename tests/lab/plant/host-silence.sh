#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A test hangs.
# fails: host-silence: silent for
. /lab/host/lib.sh

ok "before it hangs"
while :; do
	sleep 60
done
