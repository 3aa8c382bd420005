#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Not one of the tests: commits faults, each of which a debugging kernel has to
# complain of.
. /lab/host/lib.sh
. /lab/host/module.sh
. /lab/host/debug.sh

# commit FAULT
commit()
{
	insmod /lab/faults/lab_faults.ko "fault=$1" && rmmod lab_faults
}

check "lockdep is on" lockdep_on
is "nothing has leaked before" "$(leaks)" ""

while read -r fault complaint; do
	before=$(log_lines)
	check "$fault: committed" commit "$fault"
	like "$fault: the kernel complains" "$(log_since "$before")" "$complaint"
done < <(grep -v '^#' /lab/faults/complaints)

check "leak: committed" commit leak
like "leak: the kernel complains" "$(leaks)" 'comm "insmod"'
tap_end
