#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# check_probe.sh PROBE.MK - what a module's build says if nothing compiles for the
# kernel; prints TAP
set -u

probe=$(realpath "$1")
number=0
failed=0

# builds NAME WANT VARIABLE=VALUE... - WANT is what make has to print
builds()
{
	local name=$1 want=$2 got

	shift 2
	got=$(make -s -f - src="${probe%/*}" CONFIG_MODULES=y "$@" 2>&1 <<-EOF
		include $probe
		\$(info flags: \$(ccflags-y))
		all:;
	EOF
	)
	number=$((number + 1))
	if [[ $got == *"$want"* ]]; then
		echo "ok $number - probe: $name"
	else
		echo "not ok $number - probe: $name"
		echo "# got '$got', wanted '$want'"
		failed=1
	fi
}

builds "a compiler that works" "-DCOMPAT_HAVE_" CC=true
builds "no compiler" "cannot compile for this kernel" CC=false
builds "a kernel compiled by clang, without clang" \
	"compiled by clang, and false cannot compile for it: install clang, lld and llvm" \
	CC=false CONFIG_CC_IS_CLANG=y
builds "a kernel compiled by clang, with clang" "-DCOMPAT_HAVE_" CC=true \
	CONFIG_CC_IS_CLANG=y
echo "1..$number"
exit $failed
