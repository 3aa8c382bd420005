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

build_emulator()
{
	stage "fetching the emulator from Debian $EMULATOR_SUITE (once)"
	echo {qemu-system-{x86,common,data},seabios}/"$EMULATOR_SUITE" |
		install_root "$EMULATOR_SUITE" "$1/root" "$CACHE/emulator.log"
}

# ensure_emulator - sets EMULATOR, the command that runs it on this machine
#
# It runs with its own suite's libraries, by their own dynamic linker.
ensure_emulator()
{
	local HOST=$EMULATOR_SUITE root lib

	root=emulator-$HOST-$({
		echo "$EMULATOR_SUITE"
		hash_files tests/lab/{base,mirror,emulator}.sh
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
