#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What the test is about, in a line or two. Copy it to NN-name.sh; the words that
# a header may have are in CONTRIBUTING.md.
# needs: linux-guest
. /lab/host/lib.sh
. /lab/host/module.sh

check "the module loads" module_load || exit 1
check "a guest boots" guest_start lab || exit 1
trigger
is "there is a record of each vCPU" "$(records | wc -l)" 2
tap_end
