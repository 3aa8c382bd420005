#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Last: what a debugging kernel has to say about all that was done before.
# debug
. /lab/host/lib.sh
. /lab/host/module.sh
. /lab/host/debug.sh

check "lockdep looked to the end" lockdep_on
check "the module unloads" module_unload
is "no memory has leaked" "$(leaks)" ""
tap_end
