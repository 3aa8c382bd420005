/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For tests alone: takes time where it is least welcome. Nothing, unless built
 * with VCPU_INFO_TEST=1.
 */
#ifndef VCPU_INFO_DELAY_H
#define VCPU_INFO_DELAY_H

#ifdef VCPU_INFO_TEST
void vcpu_info_delay_sleep(void);
void vcpu_info_delay_spin(void);
void vcpu_info_delay_tell(unsigned long in_flight);
#else
static inline void vcpu_info_delay_sleep(void) { }
static inline void vcpu_info_delay_spin(void) { }
static inline void vcpu_info_delay_tell(unsigned long in_flight) { }
#endif

#endif /* VCPU_INFO_DELAY_H */
