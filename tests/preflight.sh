#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# preflight.sh [DIRECTORY] - whether this machine can run the lab, which keeps what
# it builds below DIRECTORY (.cache); says what is missing, with a remedy each
#
# Asks the machine and nobody else; takes no time. Anything that later takes
# minutes to find out belongs here.
set -u

NEED_DISK=8	# GB: roots of three suites, the emulator, disks
NEED_MEMORY=3	# GB: two hosts at a time; one takes 2
failed=0

# lacks WHAT REMEDY
lacks()
{
	echo "preflight: $1" >&2
	echo "  fix: $2" >&2
	failed=1
}

# gigabytes KIB
gigabytes()
{
	echo $(($1 / 1000000))
}

arch=$(uname -m)
[ "$arch" = x86_64 ] ||
	lacks "this machine is $arch; the lab emulates x86-64 hosts with x86-64 Debian packages" \
		"use an amd64 machine"

command -v apt-get >/dev/null ||
	lacks "this is not a Debian system: there is no apt-get" \
		"use Debian 12 or 13, in a virtual machine or a privileged container"

if [ "$(id -u)" -ne 0 ]; then
	lacks "not root: the lab makes Debian roots and mounts file systems" \
		"run it as root (sudo make check)"
elif ! unshare --mount --propagation private true 2>/dev/null; then
	lacks "no mount namespace: this container lacks CAP_SYS_ADMIN, or its seccomp filter forbids unshare(2)" \
		"run the container with --privileged, or use a virtual machine"
fi

dir=${1:-.cache}
while [ ! -d "$dir" ]; do
	dir=$(dirname "$dir")
done
free=$(gigabytes "$(df -Pk "$dir" | awk 'NR == 2 { print $4 }')")
used=$(gigabytes "$(du -sk "${1:-.cache}" 2>/dev/null | awk '{ n = $1 } END { print n + 0 }')")
[ $((free + used)) -ge $NEED_DISK ] ||
	lacks "$free GB of disk are free in $(realpath "$dir"), the lab takes $NEED_DISK GB" \
		"set VCPU_INFO_CACHE to a directory with more room"

memory=$(gigabytes "$(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo)")
[ "${VCPU_INFO_JOBS:-}" != 1 ] || NEED_MEMORY=2
[ "$memory" -ge $NEED_MEMORY ] ||
	lacks "$memory GB of memory are available, two emulated hosts take $NEED_MEMORY GB" \
		"free some, or run one host at a time: VCPU_INFO_JOBS=1 (2 GB)"

exit $failed
