/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VCPU_INFO_MEMSLOTS_H
#define VCPU_INFO_MEMSLOTS_H

long vcpu_info_memslots(void __user *argp);

#endif /* VCPU_INFO_MEMSLOTS_H */
