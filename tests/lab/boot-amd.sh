# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# An AMD host: QEMU's TCG emulates SVM. Never this machine's own KVM.
# shellcheck disable=SC2034 # used by run.sh

# TCG knows nothing of CET.
BOOT_LACKS=ibt

# The guest's -cpu. TCG does not let KVM intercept XSETBV, so that a guest's own
# view of its XSAVE area is wrong and its kernel warns. Without XSAVE nothing of
# AVX may be used, and kernels from 7.2 on look at AVX alone; PKU needs it, too.
BOOT_GUEST_CPU=host,-xsave,-avx,-avx2,-fma,-f16c,-vaes,-vpclmulqdq,-pku

# The oracle's snapshots per state, short and long
BOOT_SNAPSHOTS="200 10000"
[ -z "$KERNEL_SOURCE" ] || BOOT_SNAPSHOTS="20 1000"

# "single": the host's CPUs run in turn, in one thread. "multi": at the same
# time, which is better at finding races; but on some machines the emulator then
# resets the host when a guest has begun to run.
BOOT_THREADS=${VCPU_INFO_EMULATOR_THREADS:-single}

# The machine and the CPU have their versions in their names, and the CPU's
# features are listed, so that another version of QEMU counts the same
# instructions: what QEMU 11.1's "max" has, except
#   vgif		with TCG's virtual GIF a guest with two CPUs hangs
#   cx16		after a CMPXCHG16B QEMU 7.2 has garbage for EFLAGS, which an
#			interrupt before the next arithmetic makes real
BOOT_MACHINE=pc-q35-10.0
BOOT_CPU=qemu64-v1,-cx16
for feature in 3dnow 3dnowext 3dnowprefetch abm acpi adx aes arat avx avx2 bmi1 \
	bmi2 clflushopt clwb cmp-legacy cmpccxadd cr8legacy erms f16c fma \
	fsgsbase fsrc fsrm fsrs fzrm la57 mmxext monitor movbe mpx npt \
	null-sel-clr-base no-nested-data-bp pclmulqdq pdpe1gb pks pku popcnt \
	rdpid rdrand rdseed rdtscp sha-ni smap smep ss sse4.1 sse4.2 sse4a ssse3 \
	svme-addr-chk umip vaes wbnoinvd x2apic xgetbv1 xsave xsaveerptr xsaveopt; do
	BOOT_CPU+=,+$feature
done
unset feature

# boot_tools - what booting needs on this machine, as need takes it: the
# emulator brings all of its own, but has to be mended
boot_tools()
{
	echo "objdump=binutils"
}

# boot_network - a card whose other end is this machine's loopback alone
boot_network()
{
	local port net=user,id=net,restrict=on

	for port in $VCPU_INFO_HOST_PORTS; do
		net+=",hostfwd=tcp:127.0.0.1:$port-10.0.2.15:$port"
	done
	BOOT_COMMAND+=(-netdev "$net" -device "virtio-net-pci,netdev=net,romfile=")
}

# boot_command RUN IMAGE MODE - sets BOOT_COMMAND
#
# The host finds its disk as /dev/vda and RUN/payload.tar as /dev/vdb. Out come
# RUN/console.log, RUN/kmsg.log, RUN/logs.tar, and results through the fifo
# RUN/tap. In mode "shell" the console is the terminal instead. In the modes
# "bench1" and "bench2" the host has so many CPUs, and its time is a count of
# instructions, which is the same whenever it is run.
boot_command()
{
	local run=$1 image=$2 args="console=ttyS0 panic=-1 mitigations=off"
	local memory=2048
	local cpus=2 accel=(-accel "tcg,thread=$BOOT_THREADS")

	case $3 in
	bench[12])
		cpus=${3#bench}
		accel=(-accel "tcg,thread=single"
			-icount "shift=0,sleep=off"
			-rtc "base=2020-01-01,clock=vm")
		args+=" nokaslr norandmaps tsc=reliable"
		;;
	*)
		# Five levels of page tables, in host and guest, cost a fifth of
		# all time: Debian 13 has them, the others four.
		[ "$SUITE" = trixie ] || args+=" no5lvl"
		;;
	esac

	# cryptomgr.notests: from 6.12 on these crash under TCG.
	args+=" cryptomgr.notests quiet loglevel=5 ${VCPU_INFO_HOST_ARGS:-}"
	# All that KASAN finds, not the first alone; no rush. no5lvl: 7.2 clears
	# the CPU's features once more while it boots, and KASAN takes addresses
	# for wild ones in an interrupt that comes then.
	[ -z "$KERNEL_SOURCE" ] || {
		args+=" kasan_multi_shot rcupdate.rcu_cpu_stall_timeout=120"
		args+=" no5lvl"
		memory=3072
	}
	ensure_emulator
	BOOT_COMMAND=("${EMULATOR[@]}" -M "$BOOT_MACHINE" -nodefaults -no-reboot
		-display none "${accel[@]}" -cpu "$BOOT_CPU"
		-smp "$cpus" -m "$memory"
		-kernel "$image/vmlinuz" -initrd "$image/initrd"
		-append "$args"
		-drive "file=$image/disk,format=raw,if=virtio,snapshot=on"
		-drive "file=$run/payload.tar,format=raw,if=virtio,readonly=on")
	if [ -n "${VCPU_INFO_HOST_PORTS:-}" ]; then
		boot_network
	fi
	if [ -n "${PLUGIN:-}" ]; then
		mkdir "$run/profile"
		BOOT_COMMAND+=(-plugin "$PLUGIN,dir=$run/profile")
	fi
	if [ "$3" = shell ]; then
		BOOT_COMMAND+=(-serial mon:stdio)
		return
	fi
	BOOT_COMMAND+=(-serial "file:$run/console.log"
		-device virtio-serial-pci
		-chardev "file,id=tap,path=$run/tap"
		-device "virtserialport,chardev=tap,name=lab.tap"
		-chardev "file,id=kmsg,path=$run/kmsg.log"
		-device "virtserialport,chardev=kmsg,name=lab.kmsg"
		-chardev "file,id=logs,path=$run/logs.tar"
		-device "virtserialport,chardev=logs,name=lab.logs"
		-trace qemu_system_shutdown_request -D "$run/shutdown.log")
}

# boot_powered_off RUN - the host asked for that; a reset or a triple fault ends
# QEMU just as quietly
boot_powered_off()
{
	grep -q qemu_system_shutdown_request "$1/shutdown.log" 2>/dev/null
}
