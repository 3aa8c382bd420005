/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For tests alone: falsifies records, so that a checker of records can be
 * checked. Nothing, unless built with VCPU_INFO_TEST=1.
 */
#ifndef VCPU_INFO_FLIP_H
#define VCPU_INFO_FLIP_H

struct vcpu_info_snapshot;

#ifdef VCPU_INFO_TEST
void vcpu_info_flip(struct vcpu_info_snapshot *snap);
#else
static inline void vcpu_info_flip(struct vcpu_info_snapshot *snap) { }
#endif

#endif /* VCPU_INFO_FLIP_H */
