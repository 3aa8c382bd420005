#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# needs: linux-guest
# asked
# silence: 3600
# What it takes to find a Linux guest's kernel in its memory, and stacks from then on:
# CPU time, which here counts instructions, of the commands and the host's kernel.
# shellcheck source-path=SCRIPTDIR source=bench.sh
. /lab/bench/bench.sh

ROUNDS=50
LEFT=/lab/logs/profile	# for tests/check-readers.sh

GUEST_TIMEOUT=600

# is_idle - whether its first vCPU is
is_idle()
{
	[ "$(vcpu-info sample --json --no-guest-memory --vcpu 0 lab | jq -r .state)" = halted ]
}

check "the module loads" module_generous || exit 1
GUEST_APPEND=lab.nomod check "a guest boots" guest_start lab || exit 1
guest_run lab 'echo 0 >/proc/sys/kernel/kptr_restrict'
check "the guest is idle" poll_until 60 is_idle
figure first_symbols "$(cpu_ns vcpu-info symbols lab)"
is "errors of symbols" "$(cat /tmp/errors)" ""
mkdir -p $LEFT
cp /tmp/output $LEFT/symbols
is "they are those of the guest's /proc/kallsyms" "$(sha256sum </tmp/output)" \
	"$(guest_run lab 'cat /proc/kallsyms | sha256sum')"
figure first_stack "$(cpu_ns vcpu-info stack --vcpu 0 lab)"
diag </tmp/output
one=$(cpu_ns vcpu-info sample --stack --vcpu 0 --interval 100ms --count 1 lab)
more=$(cpu_ns vcpu-info sample --stack --vcpu 0 --interval 100ms \
	--count $((ROUNDS + 1)) lab)
is "errors of sample" "$(cat /tmp/errors)" ""
bare=$(cpu_ns vcpu-info sample --no-guest-memory --vcpu 0 --interval 100ms --count 1 lab)
bares=$(cpu_ns vcpu-info sample --no-guest-memory --vcpu 0 --interval 100ms \
	--count $((ROUNDS + 1)) lab)
is "errors of sample without a stack" "$(cat /tmp/errors)" ""
diag "with stacks $one, $more; without $bare, $bares"
figure sample_with_stack $(((more - one) / ROUNDS))
figure sample_without_stack $(((bares - bare) / ROUNDS))
guest_stop lab
tap_end
