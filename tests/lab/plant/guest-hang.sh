#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# needs: linux-guest
# A guest hangs the first time that it is booted, and would boot the second time.
# fails: a guest boots
GUEST_BOOT_TIMEOUT=15
. /lab/host/lib.sh

mkdir /tmp/bin
cat >/tmp/bin/qemu-system-x86_64 <<'END'
#!/bin/sh
# -S: its CPUs do not begin to run
[ -e /tmp/hung ] || { : >/tmp/hung; set -- "$@" -S; }
exec /usr/bin/qemu-system-x86_64 "$@"
END
chmod 755 /tmp/bin/qemu-system-x86_64
PATH=/tmp/bin:$PATH
check "a guest boots" guest_start lab
kill -KILL "$(guest_pid lab)"
poll_until 20 guest_dead lab
tap_end
