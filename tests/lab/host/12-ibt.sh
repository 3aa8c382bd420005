#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The module on a kernel that uses Indirect Branch Tracking (IBT). An indirect
# call that does not land on an ENDBR is fatal there.
# rows: trixie-intel-ibt trixie-bpo-intel-ibt
# needs: ibt
# silence: 1800
. /lab/host/lib.sh
. /lab/host/module.sh

IA32_S_CET=0x6a2
ENDBR64=f30f1efa
CALL=e8
NOP=0f

# msr CPU NUMBER - the MSR's value, in hex
msr()
{
	perl -e 'open(my $msr, "<:raw", "/dev/cpu/$ARGV[0]/msr") or die "$!";
		sysseek($msr, hex $ARGV[1], 0) && sysread($msr, $_, 8) == 8
			or die "$!";
		printf("%x\n", unpack("Q<", $_));' "$1" "$2"
}

# symbol NAME - its address, in hex
symbol()
{
	sed -n "/ $1\\t\\[kvm]$/{s/ .*//p;q}" /proc/kallsyms
}

# kernel_code ADDRESS - the five bytes of code there, in hex, from the segment of
# /proc/kcore that covers the address
kernel_code()
{
	perl -e 'my $want = hex $ARGV[0];
		open(my $core, "<:raw", "/proc/kcore") or die "$!";
		sysread($core, my $elf, 64) == 64 or die "$!";
		my ($at, $size, $nr) = unpack("x32 Q< x14 S< S<", $elf);
		for (my $i = 0; $i < $nr; $i++) {
			sysseek($core, $at + $i * $size, 0);
			sysread($core, my $header, 56) == 56 or die "$!";
			my ($offset, $start, $length) =
				unpack("x8 Q< Q< x8 Q<", $header);
			next if $want < $start || $want - $start >= $length;
			sysseek($core, $offset + ($want - $start), 0);
			sysread($core, my $code, 5) == 5 or die "$!";
			print unpack("H*", $code), "\n";
			exit;
		}
		die "no segment has $ARGV[0]\n";' "$1"
}

# faults - log lines about indirect calls that missed an ENDBR
faults()
{
	dmesg | grep -iE 'Missing ENDBR|#CP|control protection|IBT selftest'
}

# serves WHAT - requests are answered and recorded with the right registers
serves()
{
	local before status

	before=$(count records)
	/lab/bin/oracle --state self --count 3 | diag
	status=${PIPESTATUS[0]}
	is "$1: three requests are recorded, each with the right registers" \
		"$status" 0
	is "$1: the module counts what it records" $(($(count records) - before)) 3
}

check "IBT is not disabled on the command line" \
	eval '! grep -qw ibt=off /proc/cmdline'
like "the kernel says that IBT is on" "$(dmesg)" \
	'\] CET detected: Indirect Branch Tracking enabled$'
modprobe msr
for cpu in /dev/cpu/[0-9]*; do
	cpu=${cpu##*/}
	is "CPU $cpu tracks the kernel's indirect branches (ENDBR_EN of S_CET)" \
		"$(msr "$cpu" $IA32_S_CET)" 4
done

check "the module loads, its self-test passes" module_unlimited
like "kvm_emulate_hypercall is hooked" "$(hooks)" \
	'^kvm_emulate_hypercall .*\(1\).* I '
function=$(symbol kvm_emulate_hypercall)
is "the hook is a call right after its ENDBR64" "$(kernel_code "$function")" \
	$ENDBR64$CALL
serves "first load"

check "the module unloads" rmmod vcpu_info
is "the hook is gone" "$(hooks)" ""
is "its ENDBR64 is still there, and no call" "$(kernel_code "$function")" $ENDBR64$NOP
check "the module loads again" module_unlimited
serves "second load"
check "and unloads again" rmmod vcpu_info
is "no indirect branch missed an ENDBR" "$(faults)" ""
tap_end
