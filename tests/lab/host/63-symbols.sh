#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Symbols of a real guest's kernel, which is loaded where KASLR likes.
# needs: linux-guest
# rows: bookworm-amd
# guest: shared
# silence: 900
# rest
. /lab/host/lib.sh
. /lab/host/module.sh

LINKED=ffffffff81000000		# where a kernel starts without KASLR
GUEST_TIMEOUT=180

# shown FILTER OPTION... - of the record of vCPU 1
shown()
{
	local filter=$1

	shift
	vcpu-info show --json --vcpu 1 "$@" | jq -r "$filter"
}

# stext - where the guest's kernel starts
stext()
{
	guest_run lab "sed -n 's/ T _stext$//p' /proc/kallsyms"
}

# Once in 500 times the random address is the one without KASLR.
boot_moved()
{
	local _

	for _ in 1 2 3; do
		guest_share || return 1
		[ "$(stext)" = $LINKED ] || return 0
		guest_stop lab
	done
	return 1
}

is_halted()
{
	guest_run lab 'taskset 1 vcpu-info-guest trigger --vcpu-id 0,1' >/dev/null
	[ "$(shown .state)" = halted ] && [ "$(shown .rip)" != null ]
}

# near - the functions around $rip, as /proc/kallsyms has them
near()
{
	guest_run lab "grep -i ' [tw] ' /proc/kallsyms | sort >/tmp/functions
		awk -v rip=x${rip#0x} '\"x\" \$1 <= rip' /tmp/functions |
			tail -n 50
		awk -v rip=x${rip#0x} '\"x\" \$1 > rip' /tmp/functions |
			head -n 50
		grep -E '_stext|\\[vcpu_info_guest\\]' /tmp/functions"
}

# want - what $rip is, by the guest's own list: more than one if a function has
# more than one name
want()
{
	awk -v rip="x${rip#0x}" '"x" $1 <= rip && "x" $1 >= "x" last {
			if ($1 != last)
				names = ""
			names = names " " $3
			last = $1
		}
		END { print last names }' <(sort /tmp/kallsyms) |
		while read -ra words; do
			printf "%s+0x$(printf %x $((rip - 0x${words[0]})))\n" \
				"${words[@]:1}"
		done
}

# link_vmlinux - an ELF file of these functions, where a linker puts them
link_vmlinux()
{
	{
		printf '.text\nstart: nop\n'
		grep -v '\[' /tmp/kallsyms | sort -u -k 3,3 |
			while read -r address _ name; do
				echo ".set $name, start + $((0x$address - 0x$start))"
				echo ".type $name, @function"
			done
	} | as -o /tmp/vmlinux.o - &&
		ld -Ttext 0x$LINKED -e start -o /tmp/vmlinux /tmp/vmlinux.o
}

module_unlimited
check "a guest boots, moved by KASLR" boot_moved || exit 1
start=$(stext)
diag "_stext is at $start"
check "a vCPU halts" poll_until 120 is_halted
rip=$(shown .rip)
near >/tmp/kallsyms
check "functions of the guest arrived" \
	test "$(wc -l </tmp/kallsyms)" -gt 50 || exit 1
want >/tmp/want
diag "$rip is $(xargs </tmp/want)"
like "a CPU that is idle halts in a function for that" "$(cat /tmp/want)" \
	'(halt|idle|mwait)'

symbol=$(shown .rip_symbol --guest-kallsyms /tmp/kallsyms@lab)
check "--guest-kallsyms: RIP is where the guest's kernel says ($symbol)" \
	grep -qxF -e "$symbol" /tmp/want
is "for another VM it is not used" \
	"$(shown .rip_symbol --guest-kallsyms /tmp/kallsyms@other)" null
like "text shows it, too" "$(vcpu-info show --vcpu 1 \
	--guest-kallsyms /tmp/kallsyms)" "^  at ${symbol%%+*}\\+0x"
like "the CPU that asked is in the guest's module" \
	"$(vcpu-info show --json --vcpu 0 --guest-kallsyms /tmp/kallsyms |
		jq -r .rip_symbol)" '^vcpu_info'

check "a vmlinux is linked" link_vmlinux
offset=$(printf 0x%x $((0x$start - 0x$LINKED)))
for option in "$offset" "_stext=0x$start"; do
	symbol=$(shown .rip_symbol --guest-vmlinux /tmp/vmlinux \
		--kaslr-offset "$option")
	check "--guest-vmlinux --kaslr-offset $option: the same ($symbol)" \
		grep -qxF -e "$symbol" /tmp/want
done
is "without the offset it is in no function" \
	"$(shown .rip_symbol --guest-vmlinux /tmp/vmlinux)" null

head -c 1000 /tmp/kallsyms >/tmp/cut
is "kallsyms that is cut off is refused" \
	"$(vcpu-info show --guest-kallsyms /tmp/cut 2>&1 | grep -c 'cut off')" 1
head -c 1000 /tmp/vmlinux >/tmp/cut
vcpu-info show --guest-vmlinux /tmp/cut >/tmp/out 2>&1
is "so is a vmlinux" "$? $(grep -cE 'cut off|damaged' /tmp/out)" "1 1"
is "and the guest's vmlinuz" "$(vcpu-info show --guest-vmlinux \
	/usr/lib/vcpu-info-lab/vmlinuz 2>&1 | head -n 1)" \
	"vcpu-info: /usr/lib/vcpu-info-lab/vmlinuz: it is not an ELF file"
tap_end
