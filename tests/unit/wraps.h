/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What tests have in the place of other functions, and these themselves, where the
 * Makefile says so.
 */
#ifndef UNIT_WRAPS_H
#define UNIT_WRAPS_H

#include <dirent.h>

#include "vm/host-device.h"
#include "watch/helpers.h"

int __real_access(const char *path, int mode);
int __wrap_access(const char *path, int mode);
DIR *__real_opendir(const char *path);
DIR *__wrap_opendir(const char *path);
int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);

int __real_helpers_read_guest(struct helpers *helpers, const struct vm *vm,
			      int vcpu_id, int out, int messages);
int __wrap_helpers_read_guest(struct helpers *helpers, const struct vm *vm,
			      int vcpu_id, int out, int messages);

enum device_status __wrap_host_device_open(struct host_device *dev);
enum device_status __wrap_host_device_sample(struct host_device *dev,
					     struct vm_sample *sample);
enum device_status __wrap_host_device_memory(struct host_device *dev, int pid, int fd,
					     struct vm_memory *memory);

#endif /* UNIT_WRAPS_H */
