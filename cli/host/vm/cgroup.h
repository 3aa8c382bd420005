/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who manages a process, by the control group that it is in: systemd-machined and
 * libvirt, Kubernetes, LXC, Docker, Podman or a unit of systemd's.
 */
#ifndef HOST_VM_CGROUP_H
#define HOST_VM_CGROUP_H

#include <stdbool.h>

/**
 * struct cgroup - a control group
 * @path: below the hierarchy's root; "" if it is not known
 * @manager: "machined", "kubernetes", "lxc", "docker", "podman", "systemd", or
 *	NULL if the path is none of theirs
 * @name: what it is called there: a machine, the UID of a pod, a container, the ID
 *	of one, a unit
 */
struct cgroup {
	char path[512];
	const char *manager;
	char name[160];
};

/* From the text of /proc/PID/cgroup. */
void cgroup_parse(struct cgroup *cgroup, const char *text);
void cgroup_look_up(struct cgroup *cgroup, int pid);

#endif /* HOST_VM_CGROUP_H */
