// SPDX-License-Identifier: GPL-2.0
/*
 * Objects of JSON, a line each: one for the profile, one for each vCPU, one for each
 * stack. docs/record.schema.json has their keys.
 */
#include <stdlib.h>

#include "jsonout.h"
#include "profile/output.h"

static void put_profile(FILE *out, const struct profile *profile)
{
	struct json_object *obj = json_new("profile");

	json_add_uint(obj, "started_ns", profile->started_wall);
	json_add_uint(obj, "wall_ns", profile->ended - profile->started);
	json_add_uint(obj, "total_ns", profile_total(profile));
	json_add_uint(obj, "frequency", profile->frequency);
	json_add_uint(obj, "rounds", profile->rounds);
	json_add_uint(obj, "missed_rounds", profile->missed);
	json_add_uint(obj, "samples", profile->samples);
	json_add_uint(obj, "reused", profile->reused);
	json_add_uint(obj, "approximate", profile->approximate);
	json_add_uint(obj, "incomplete", profile->incomplete);
	json_add_uint(obj, "guessed", profile->guessed);
	json_add_uint(obj, "torn", profile->torn);
	json_add_uint(obj, "unnamed", profile->unnamed);
	json_add_uint(obj, "folded", profile->tree.folded);
	json_print(out, obj);
}

static void put_vcpu(FILE *out, const struct profile_vm *vm,
		     const struct profile_vcpu *vcpu)
{
	struct json_object *obj = json_new("profile_vcpu");
	struct json_object *states = json_object_new_object();

	json_add_int(obj, "vm_pid", vm->pid);
	json_add_int(obj, "vm_fd", vm->fd);
	json_add_text(obj, "vm_name", vm->name);
	json_add_bool(obj, "vm_gone", vm->gone);
	json_add_int(obj, "vcpu_id", vcpu->id);
	json_add_uint(obj, "samples", vcpu->samples);
	json_add_uint(obj, "total_ns", vcpu->last - vcpu->first);
	json_add_uint(obj, "user_ns", vcpu->user);
	for (int i = 0; i < PROFILE_NR_STATES; i++) {
		char key[32];

		snprintf(key, sizeof(key), "%s_ns", profile_state_word(i));
		json_add_uint(states, key, vcpu->states[i]);
	}
	if (json_object_object_add(obj, "states", states))
		abort();
	json_print(out, obj);
}

static void put_stack(FILE *out, const struct tree *tree, uint32_t node)
{
	struct json_object *frames = json_object_new_array();
	struct json_object *obj = json_new("profile_stack");
	uint32_t path[TREE_MAX_DEPTH + 1];
	size_t nr = tree_path(tree, node, path);

	json_add_uint(obj, "ns", tree->nodes[node].self);
	json_add_uint(obj, "samples", tree->nodes[node].samples);
	for (size_t i = 0; i < nr; i++) {
		const struct tree_node *at = &tree->nodes[path[i]];
		struct json_object *frame = json_object_new_object();

		json_add_text(frame, "name", tree_name(tree, at));
		json_add_text(frame, "kind", frame_kind_word(at->kind));
		if (json_object_array_add(frames, frame))
			abort();
	}
	if (json_object_object_add(obj, "frames", frames))
		abort();
	json_print(out, obj);
}

bool profile_write_json(FILE *out, const void *arg)
{
	const struct profile *profile = arg;
	const struct tree *tree = &profile->tree;

	put_profile(out, profile);
	for (size_t i = 0; i < profile->nr; i++) {
		for (size_t j = 0; j < profile->vms[i].nr; j++)
			put_vcpu(out, &profile->vms[i], &profile->vms[i].vcpus[j]);
	}
	for (uint32_t i = 1; i < tree->nr; i++) {
		if (tree->nodes[i].samples)
			put_stack(out, tree, i);
	}
	return true;
}
