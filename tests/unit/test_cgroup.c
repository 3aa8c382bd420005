// SPDX-License-Identifier: GPL-2.0
/*
 * Who manages a process, by its control group.
 */
#include "unit.h"

#include "vm/cgroup.h"

static void known_managers(void **state)
{
	static const struct {
		const char *text;
		const char *manager;
		const char *name;
	} groups[] = {
		{ "0::/machine.slice/machine-qemu\\x2d1\\x2dweb.scope/libvirt/emulator\n",
		  "machined", "qemu-1-web" },
		{ "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0a1b_2c.slice/cri-containerd-99.scope\n",
		  "kubernetes", "0a1b-2c" },
		{ "0::/kubepods.slice/kubepods-pod12_34.slice/crio-5.scope",
		  "kubernetes", "12-34" },
		{ "0::/kubepods/besteffort/pod77-88/abcdef\n", "kubernetes",
		  "77-88" },
		{ "0::/lxc.payload.box/system.slice/x.service\n", "lxc", "box" },
		{ "0::/system.slice/docker-0123.scope\n", "docker", "0123" },
		{ "0::/machine.slice/libpod-4567.scope/container\n", "podman",
		  "4567" },
		{ "0::/system.slice/vmm@7.service/vcpus\n", "systemd",
		  "vmm@7.service" },
		{ "0::/user.slice/user-0.slice/session-1.scope\n", "systemd",
		  "session-1.scope" },
		{ "12:cpu:/elsewhere\n1:name=systemd:/machine.slice/machine-a.scope\n",
		  "machined", "a" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
		struct cgroup cgroup;

		cgroup_parse(&cgroup, groups[i].text);
		assert_non_null(cgroup.manager);
		assert_string_equal(cgroup.manager, groups[i].manager);
		assert_string_equal(cgroup.name, groups[i].name);
		assert_string_not_equal(cgroup.path, "");
	}
}

static void nobody(void **state)
{
	static const char *const texts[] = {
		"", "\n", "0", "0:", "0::", "0::/", "0::/\n", "0::/machine-.scope2",
		"0::/pods/pod1", "7:cpu:/machine-a.scope\n", ":::\n", "0::///\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct cgroup cgroup;

		cgroup_parse(&cgroup, texts[i]);
		assert_null(cgroup.manager);
		assert_string_equal(cgroup.name, "");
	}
}

/* Whoever may name a group chooses how long, and with what in it. */
static void names_that_are_hostile(void **state)
{
	struct cgroup cgroup;
	char text[3000];

	(void)state;
	strcpy(text, "0::/machine-");
	memset(text + 12, 'x', 2000);
	strcpy(text + 2012, ".scope\n");
	cgroup_parse(&cgroup, text);
	assert_int_equal(strlen(cgroup.path), sizeof(cgroup.path) - 1);
	cgroup_parse(&cgroup, "0::/machine-a\\x2.scope\n");
	assert_string_equal(cgroup.name, "a\\x2");
	cgroup_parse(&cgroup, "0::/machine-a\\x1b[31m.scope\n");
	assert_string_equal(cgroup.name, "a\033[31m");
	cgroup_parse(&cgroup, "0::/machine-a\\x00b.scope\n");
	assert_string_equal(cgroup.name, "a");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_managers),
		cmocka_unit_test(nobody),
		cmocka_unit_test(names_that_are_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
