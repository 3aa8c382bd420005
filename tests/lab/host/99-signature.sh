#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A kernel that takes only signed modules, as under Secure Boot. There is no way
# back from that before the next boot: so this is the last test.
# rows: bookworm-amd
# rest
. /lab/host/lib.sh
. /lab/host/module.sh

enforce=/sys/module/module/parameters/sig_enforce
lockdown=/sys/kernel/security/lockdown

# refused HOW MESSAGE - modprobe fails so, and status explains
refused()
{
	local said status

	said=$(modprobe vcpu_info 2>&1)
	is "$1: the module is refused" $? 1
	like "$1: with the kernel's words" "$said" "$2"
	status=$(vcpu-info status)
	is "$1: status fails with what a module missing gives" $? 3
	like "$1: it says what the kernel wants" "$status" \
		'^problem: this kernel takes only .*signed'
	like "$1: and what to do" "$status" \
		'mokutil --import /var/lib/dkms/mok.pub'
	is "$1: JSON says so" "$(vcpu-info status --json |
		jq -c '[.signed_modules_only, .problems[0].check]')" \
		'[true,"signature"]'
	diag "$status"
}

module_load
is "by default unsigned modules are taken" "$(cat $enforce)" N
check "status finds no fault" vcpu-info status
like "and that signatures are not asked for" \
	"$(vcpu-info status --json | jq .signed_modules_only)" false
module_unload

if [ -w $lockdown ]; then
	echo integrity >$lockdown
	refused "lockdown" 'Operation not permitted|Key was rejected'
else
	skip "lockdown: the module is refused" "this kernel has none"
fi
echo 1 >$enforce
is "signatures are enforced" "$(cat $enforce)" Y
before=$(log_lines)
refused "sig_enforce" 'Key was rejected by service'
like "the log says why" "$(log_since "$before")" \
	'Loading of .*module.* is rejected|PKCS'

# apt must not fail over it
check "the package's script does not fail" env \
	DPKG_MAINTSCRIPT_PACKAGE=vcpu-info-dkms DPKG_MAINTSCRIPT_NAME=postinst \
	/var/lib/dpkg/info/vcpu-info-dkms.postinst configure
tap_end
