# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# An Intel host: Bochs emulates VMX with EPT. See bochs/start.

# shellcheck disable=SC2034 # used by run.sh

# A guest that runs Linux takes too long: tests that need one are left out.
BOOT_LACKS="linux-guest ibt"
BOOT_GUEST_CPU=host

# Bochs' CPU model. IBT is part of CET, which tigerlake has. With CET, Bochs 2.7
# reports an XSAVE layout that kernels warn about; 3.0 reports a correct one.
BOOT_CPU=corei7_haswell_4770
BOCHS_PACKAGES="bochs bochsbios vgabios"
BOCHS_SUITE=
if [[ $ROW == *-ibt ]]; then
	BOOT_LACKS=linux-guest
	BOOT_CPU=tigerlake
	BOCHS_SUITE=trixie
fi

# The oracle's snapshots per state, short and long
BOOT_SNAPSHOTS="20 10000"

# boot_tools - what booting needs on this machine, as need takes it
boot_tools()
{
	echo "bochs-bin=bochs grub-mkimage=grub-common xorriso=xorriso"
}

build_bochs()
{
	stage "fetching Bochs from Debian $BOCHS_SUITE (once)"
	echo "$BOCHS_PACKAGES" |
		install_root "$BOCHS_SUITE" "$1/root" "$CACHE/bochs.log"
}

# ensure_bochs - sets BOCHS_ROOT, the root directory of the system whose Bochs
# runs: empty for this machine's own
ensure_bochs()
{
	local HOST=bochs key

	BOCHS_ROOT=
	[ -n "$BOCHS_SUITE" ] || return 0
	key=$({
		echo "$BOCHS_SUITE $BOCHS_PACKAGES"
		hash_files tests/lab/{base,mirror}.sh
	} | sha256sum | cut -c1-16)
	mkdir -p "$CACHE"
	(
		flock 9
		cached "emulator-$HOST-$key" build_bochs && prune emulator 1
	) 9>"$CACHE/bochs.lock" || die "there is no Bochs to boot with"
	BOCHS_ROOT=$CACHE/emulator-$HOST-$key/root
}

# boot_command RUN IMAGE MODE - sets BOOT_COMMAND; as for an AMD host
boot_command()
{
	[ -e /usr/lib/grub/i386-pc/eltorito.mod ] ||
		[ -e /usr/lib/grub/i386-pc/cdboot.img ] ||
		die "missing on this machine; run: apt-get install grub-pc-bin"
	ensure_bochs
	BOOT_COMMAND=(env "LAB_BOCHS=$BOCHS_ROOT" "LAB_CPU=$BOOT_CPU"
		"$LAB/bochs/start" "$@")
}

# boot_powered_off RUN - by ACPI; a triple fault ends Bochs by another panic
boot_powered_off()
{
	grep -q 'PANIC.*soft power off' "$1/bochs.log" 2>/dev/null
}
