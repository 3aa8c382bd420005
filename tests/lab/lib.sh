# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What the parts of the lab share: messages, the table, cache, log scanner.
# shellcheck disable=SC2034 # used by those that source this

LAB=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=$(cd "$LAB/../.." && pwd)
CACHE=${VCPU_INFO_CACHE:-$TOP/.cache}/lab

die()
{
	echo "lab: $*" >&2
	exit 1
}

# stage TEXT - one line of progress with the seconds since the start
stage()
{
	printf '[%4ds] %s\n' "$SECONDS" "$*" >&2
}

# need TOOL=PACKAGE... - die naming every package whose tool is not there
need()
{
	local want missing=()

	for want; do
		command -v "${want%%=*}" >/dev/null || missing+=("${want#*=}")
	done
	[ ${#missing[@]} -eq 0 ] ||
		die "missing on this machine; run: apt-get install ${missing[*]}"
}

row_names()
{
	sed -E '/^[[:space:]]*(#|$)/d' "$LAB/table" | awk '{ print $1 }'
}

# row_load NAME - sets ROW, SUITE, KERNEL_PACKAGE, VENDOR, HOST, which rows share
# that boot from the same root, and KERNEL_SOURCE for a debugging kernel
#
# SLOW is by how much such a host is slower than others, at worst.
row_load()
{
	local line

	line=$(awk -v row="$1" '$1 == row { print; exit }' "$LAB/table")
	[ -n "$line" ] || die "no row '$1' in the table; 'lab list' shows all"
	read -r ROW SUITE KERNEL_PACKAGE VENDOR KERNEL_SOURCE <<<"$line"
	SLOW=$([ -z "$KERNEL_SOURCE" ] && echo 1 || echo 5)
	[ -n "$VENDOR" ] || die "row '$ROW' in the table is incomplete"
	HOST=$SUITE-${KERNEL_PACKAGE#linux-image-}
	[ -r "$LAB/boot-$VENDOR.sh" ] ||
		die "row '$ROW': this lab cannot boot vendor '$VENDOR'"
}

# hash_files FILE... - one hash over the contents and names of files
hash_files()
{
	(cd "$TOP" && sha256sum -- "$@") | sha256sum | cut -c1-16
}

# cached NAME BUILDER - make the directory $CACHE/NAME unless it is there
#
# BUILDER is called with an empty directory that gets its final name only when
# it is complete. The caller holds HOST's lock, so that whatever is left
# under a temporary name is of a build that was interrupted.
cached()
{
	local dir=$CACHE/$1

	if [ ! -d "$dir" ]; then
		rm -rf --one-file-system "$CACHE"/*-"$HOST"-*.tmp
		mkdir -p "$dir.tmp"
		"$2" "$dir.tmp" || {
			rm -rf --one-file-system "$dir.tmp"
			return 1
		}
		mv -T "$dir.tmp" "$dir"
	fi
	touch "$dir"
}

# prune KIND KEEP - drop all but the KEEP directories of HOST last used
prune()
{
	local dir

	find "$CACHE" -maxdepth 1 -type d -name "$1-$HOST-*" ! -name '*.tmp' \
		-printf '%T@ %p\n' | sort -rn | tail -n "+$(($2 + 1))" |
		while read -r _ dir; do
			rm -rf --one-file-system "$dir"
		done
}

# What a kernel writes when something is wrong. Kept narrow enough that
# ordinary boot messages ("debug", "Warning: unmaintained") do not match.
SCAN_PATTERN='\bBUG\b[: ]|\bWARNING: |\bOops\b|general protection'
SCAN_PATTERN+='|possible (circular|recursive) locking|INFO: lockdep'
SCAN_PATTERN+='|possible irq lock inversion|inconsistent lock state'
SCAN_PATTERN+='|suspicious RCU|rcu.*(detected stalls|self-detected stall)'
SCAN_PATTERN+='|rcu_.*kthread starved|blocked for more than [0-9]+ seconds'
SCAN_PATTERN+='|INFO: task .* blocked|soft lockup|hard LOCKUP|Hard LOCKUP'
SCAN_PATTERN+='|KASAN:|KCSAN:|UBSAN:|KFENCE:|Call Trace:|Kernel panic'
SCAN_PATTERN+='|refcount_t: |unchecked MSR access|list_(add|del) corruption'
SCAN_PATTERN+='|Unable to handle|scheduling while atomic|bad page state'
SCAN_PATTERN+='|suspected memory leaks|ODEBUG: '
SCAN_PATTERN+='|detected expedited stalls|rcu_tasks.* stall|-----\[ cut here \]'
SCAN_PATTERN+='|: [0-9a-f]{4} \[#[0-9]+\]|segfault at |traps: |trap invalid opcode'
SCAN_PATTERN+='|lab: crashed: |unexpected exit reason|\*\*\* Guest State'
SCAN_PATTERN+='|SVM: VMCB|VMCB .*(error|invalid)|[Oo]ut of memory: |oom-kill:'
SCAN_PATTERN+='|disagrees about version of symbol|invoked oom-killer'

# scan_logs FILE... - print the lines that betray a kernel's fault
#
# Returns 0 if there are none, 1 if there are some, 2 if a log is not there or
# empty.
scan_logs()
{
	local file bad=0

	for file; do
		if [ ! -s "$file" ]; then
			echo "$file: no such log, or nothing in it"
			bad=2
			continue
		fi
		if grep -aHnE -A3 -e "$SCAN_PATTERN" -- "$file"; then
			[ $bad -ne 0 ] || bad=1
		fi
	done
	return $bad
}
