/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A handler of a SysRq key gets the key as int before 6.6, as u8 from then on. The
 * types have to be right: a kernel with control-flow integrity checks them.
 */
#ifndef VCPU_INFO_COMPAT_GUEST_SYSRQ_H
#define VCPU_INFO_COMPAT_GUEST_SYSRQ_H

#include <linux/sysrq.h>

#include "compat.h"

typedef void (*compat_sysrq_int)(int key);
typedef void (*compat_sysrq_u8)(u8 key);

/* Defines what COMPAT_SYSRQ_HANDLER(@name) is; @name is void (*)(void). */
#define COMPAT_DEFINE_SYSRQ_HANDLER(name)				\
	static void __maybe_unused name##_int(int key) { name(); }	\
	static void __maybe_unused name##_u8(u8 key) { name(); }

#define COMPAT_SYSRQ_HANDLER(name)					\
	_Generic(((struct sysrq_key_op *)NULL)->handler,		\
		 compat_sysrq_int : name##_int, compat_sysrq_u8 : name##_u8)

#endif /* VCPU_INFO_COMPAT_GUEST_SYSRQ_H */
