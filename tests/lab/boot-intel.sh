# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# An Intel host: Bochs emulates VMX with EPT. See bochs/start.

# shellcheck disable=SC2034 # used by run.sh

# A guest that runs Linux takes too long: tests that need one are left out.
BOOT_LACKS=linux-guest
BOOT_GUEST_CPU=host

# The oracle's snapshots per state, short and long
BOOT_SNAPSHOTS="20 10000"

# boot_tools - what booting needs on this machine, as need takes it
boot_tools()
{
	echo "bochs-bin=bochs grub-mkimage=grub-common xorriso=xorriso"
}

# boot_command RUN IMAGE MODE - sets BOOT_COMMAND; as for an AMD host
boot_command()
{
	[ -e /usr/lib/grub/i386-pc/eltorito.mod ] ||
		[ -e /usr/lib/grub/i386-pc/cdboot.img ] ||
		die "missing on this machine; run: apt-get install grub-pc-bin"
	BOOT_COMMAND=("$LAB/bochs/start" "$@")
}

# boot_powered_off RUN - by ACPI; a triple fault ends Bochs by another panic
boot_powered_off()
{
	grep -q 'PANIC.*soft power off' "$1/bochs.log" 2>/dev/null
}
