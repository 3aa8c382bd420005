# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# The QEMU that emulates an AMD host, from a newer suite than the machine's.
#
# QEMU before 8.1 reads the code that it translates without the page's lock. A
# CPU can so keep the translation of an instruction that another CPU has just
# patched: kernels that patch themselves then run into an INT3 that is gone.
# QEMU before 10.2 changes a CPU's word of pending interrupts at VMRUN and #VMEXIT
# without a lock, while other threads write to it: an interrupt can be lost.

EMULATOR_SUITE=trixie-backports

# disassembly BINARY SYMBOL - of a function that the binary exports
disassembly()
{
	local start size

	read -r start size < <(nm -D -S --defined-only "$1" |
		awk -v name="$2" '$4 == name { print $1, $2 }')
	[ -n "$size" ] &&
		objdump -d --start-address="0x$start" \
			--stop-address=$((16#$start + 16#$size)) "$1" |
		sed -nE 's/^ +([0-9a-f]+):\t[^\t]+\t(.*)$/\1 \2/p'
}

# stray_store BINARY - the addresses of the instruction, and of the next one, of
# helper_vmrun() that mend_emulator is about; nothing if it is not there
stray_store()
{
	local field

	# Which field it is: cpu_vmexit() stores EXCP_VMEXIT there.
	field=$(disassembly "$1" cpu_vmexit |
		sed -nE 's/^.* movl +\$0x100,(-?0x[0-9a-f]+\()%.*/\1/p')
	[ -n "$field" ] && disassembly "$1" helper_vmrun |
		awk -v field="$field" '
			pending { next_one = $1; pending = 0 }
			$2 == "mov" && $3 ~ /^%e/ && index($3, "," field) {
				store = $1
				pending = 1
				next
			}
			/<do_interrupt_x86_hardirq/ && store { print store, next_one }
			$2 ~ /^(jmp|ret|call)/ { store = "" }'
}

# file_offset BINARY ADDRESS - of what is loaded at the address
file_offset()
{
	local offset address size

	while read -r offset address size; do
		[ $((16#$2)) -lt $((address)) ] ||
			[ $((16#$2)) -ge $((address + size)) ] ||
			echo $((16#$2 - address + offset))
	done < <(readelf -lW "$1" | awk '$1 == "LOAD" { print $2, $3, $5 }')
}

# mend_emulator BINARY VERSION - an interrupt that VMRUN injects is delivered once
#
# helper_vmrun() delivers it, but leaves its vector in the exception_index of the
# CPU. If anything makes the CPU leave its loop before the next exit, exception
# or interrupt, it is delivered again, even if RFLAGS.IF is clear: guests with
# more than one CPU deadlock, or crash, now and then or always. Only the log
# reads what is stored there, so the store can go.
#
# emulator.lock has what is known of a version: the whole file before and after,
# and the bytes. A version that is not there must have the instruction where
# stray_store looks for it; one that seems to need no mending is an error until
# somebody has looked, and has said so in the lock.
mend_emulator()
{
	local line before after offset old new

	line=$(awk -v version="$2" '$1 == version' "$LAB/emulator.lock")
	if [ -z "$line" ]; then
		mend_unknown "$@"
		return
	fi
	read -r _ before after offset old new <<<"$line"
	[ "$(sha256 "$1")" = "$before" ] ||
		mend_fails "$2 is not the file that emulator.lock is about" ||
		return
	[ "$old" = - ] && return
	[ "$(bytes "$1" "$offset" $((${#old} / 2)))" = "$old" ] ||
		mend_fails "no $old at $offset" || return
	patch_bytes "$1" "$offset" "$new" || return
	[ "$(sha256 "$1")" = "$after" ] ||
		mend_fails "after the change it is not as emulator.lock says"
}

# mend_unknown BINARY VERSION - the instruction is looked for, and has to be there
mend_unknown()
{
	local start end offset old new before

	read -r start end < <(stray_store "$1")
	[ -n "$end" ] ||
		mend_fails "QEMU $2 is not in emulator.lock, and helper_vmrun() has no" \
			"instruction like the one that delivers interrupts twice." \
			"Look whether QEMU has been mended; if so, add" \
			"'$2 $(sha256 "$1") - - - -'" || return
	offset=$(file_offset "$1" "$start")
	[ -n "$offset" ] || mend_fails "no place in the file for $start" || return
	before=$(sha256 "$1")
	old=$(bytes "$1" "$offset" $((16#$end - 16#$start)))
	new=$(tr 0-9a-f 9 <<<"$old" | sed 's/99/90/g')
	patch_bytes "$1" "$offset" "$new" || return
	[ -z "$(stray_store "$1")" ] ||
		mend_fails "there is one more such instruction" || return
	stage "the emulator is new; add to emulator.lock:" \
		"$2 $before $(sha256 "$1") $(printf 0x%x "$offset") $old $new"
}

mend_fails()
{
	echo "lab: the emulator cannot be mended: $*" >&2
	return 1
}

sha256()
{
	sha256sum "$1" | cut -d ' ' -f 1
}

# bytes FILE OFFSET NUMBER - in hexadecimal
bytes()
{
	od -An -v -tx1 -j $(($2)) -N "$3" "$1" | tr -d ' \n'
}

# patch_bytes FILE OFFSET HEX
patch_bytes()
{
	perl -e 'print pack "H*", shift' "$3" |
		dd of="$1" bs=1 seek=$(($2)) conv=notrunc status=none
}

build_emulator()
{
	stage "fetching the emulator from Debian $EMULATOR_SUITE (once)"
	echo {qemu-system-{x86,common,data},seabios}/"$EMULATOR_SUITE" |
		install_root "$EMULATOR_SUITE" "$1/root" \
			"$CACHE/emulator.log" &&
		mend_emulator "$1/root/usr/bin/qemu-system-x86_64" \
			"$(dpkg-query --admindir="$1/root/var/lib/dpkg" -W \
				-f '${Version}' qemu-system-x86)"
}

# ensure_emulator - sets EMULATOR, the command that runs it on this machine
#
# It runs with its own suite's libraries, by their own dynamic linker.
ensure_emulator()
{
	local HOST=qemu root lib

	root=emulator-$HOST-$({
		echo "$EMULATOR_SUITE"
		hash_files tests/lab/{{base,mirror,emulator}.sh,emulator.lock}
	} | sha256sum | cut -c1-16)
	mkdir -p "$CACHE"
	(
		flock 9
		cached "$root" build_emulator && prune emulator 1
	) 9>"$CACHE/emulator.lock" || die "there is no emulator to boot with"
	root=$CACHE/$root/root
	lib=$root/usr/lib/x86_64-linux-gnu
	EMULATOR=(env "QEMU_MODULE_DIR=$lib/qemu"
		"$root/lib64/ld-linux-x86-64.so.2" --library-path "$lib"
		"$root/usr/bin/qemu-system-x86_64"
		-L "$root/usr/share/qemu" -L "$root/usr/share/seabios")
	"${EMULATOR[@]}" --version >/dev/null || die "the emulator does not run"
}
