#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Upgrade, downgrade and reinstallation with modules built in this host, while a
# guest asks and vcpu-info follow has its records open.
# long
# needs: linux-guest
# timeout: 3600
. /lab/host/lib.sh
. /lab/host/module.sh
. /lab/host/packages.sh

# reloaded VERSION - the module is changed for that one, under the guest's hands
reloaded()
{
	module_unlimited && [ "$(cat /sys/module/vcpu_info/version)" = "$1" ]
}

# step WHAT VERSION [OPTION...] - install it, go over to its module, see records
step()
{
	local what=$1 version=$2 before

	shift 2
	before=$(cat /sys/module/vcpu_info/version)
	check "$what: apt" packages_install "$what" "$version" "$@"
	is "$what: wholly" "$(packages_state)" "ii $version ii $version"
	is "$what: DKMS has that module alone" \
		"$(dkms status -m vcpu-info | sed 's/,.*//')" \
		"vcpu-info/${version%-*}"
	is "$what: the loaded module is left alone" \
		"$(cat /sys/module/vcpu_info/version)" "$before"
	check "$what: the guest is answered" guest_run web \
		'vcpu-info-guest trigger'
	check "$what: the module can be changed" reloaded "${version%-*}"
	check "$what: the guest is answered by it" guest_run web \
		'vcpu-info-guest trigger'
	check "$what: records are shown" test "$(vcpu-info show --json |
		jq .vcpu_id | sort -u | wc -l)" -eq 2
	check "$what: status finds no fault" vcpu-info status
	is "$what: nor a difference" "$(vcpu-info status | grep ' is version ')" ""
}

check "apt reads the repository" packages_update
check "a guest boots" guest_start web || exit 1
module_unlimited
guest_run web 'while :; do vcpu-info-guest trigger --vcpu-id 0
	done >/dev/null 2>&1 & true'
step upgrade "$NEXT"
step reinstall "$NEXT" --reinstall
step downgrade "$OLD"
