// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>

#include "signals.h"
#include "watch/rounds.h"

struct watch_suspect {
	int pid;
	int fd;
	uint64_t looked;
};

void watch_rounds_init(struct watch_rounds *rounds, const struct select *select,
		       watch_found_fn *found, void *arg)
{
	*rounds = (struct watch_rounds){ .found = found, .arg = arg };
	host_request_init(&rounds->req, select);
	rounds->req.flags = VCPU_INFO_SAMPLE_COUNTS;
	rounds->req.rescan_ns = RESCAN_NS;
}

/* One more round in which a VM has that word */
static void step(struct watch_rounds *rounds, const struct vm *vm,
		 const char *word, const struct vm_diagnosis *diagnosis)
{
	struct watch_found found = {
		.known = watched_find(&rounds->watched, vm->vmm.pid, vm->fd),
		.vm = vm, .word = word, .diagnosis = diagnosis,
	};

	if (!found.known)
		return;
	found.before = found.known->state.told;
	found.is_change = watch_state_step(&found.known->state, word);
	if (!rounds->found(&found, rounds->arg))
		rounds->no_memory = true;
}

/* What is confirmed need not be seen again at once. */
static bool may_wait(const struct watch_rounds *rounds,
		     const struct watched_vm *known)
{
	return known->looked && known->state.times >= WATCH_CONFIRM &&
	       signals_clock() - known->looked < rounds->relook_ns;
}

static bool suspect(struct watch_rounds *rounds, const struct watched_vm *known)
{
	struct watch_suspect *suspects;

	if (may_wait(rounds, known))
		return true;
	suspects = reallocarray(rounds->suspects, rounds->nr_suspects + 1,
				sizeof(*suspects));
	if (!suspects) {
		rounds->no_memory = true;
		return false;
	}
	rounds->suspects = suspects;
	suspects[rounds->nr_suspects++] = (struct watch_suspect){
		known->pid, known->fd, known->looked,
	};
	return true;
}

static bool take_counts(const struct vm *vm, const struct vm_sample *sample,
			void *arg)
{
	struct watch_rounds *rounds = arg;

	switch (watched_take(&rounds->watched, vm, sample)) {
	case WATCHED_FAILED:
		rounds->no_memory = true;
		break;
	case WATCHED_WELL:
		step(rounds, vm, WATCH_WELL, NULL);
		break;
	case WATCHED_TOO_SOON:
		/* what was found of it is neither confirmed nor taken back */
		break;
	case WATCHED_SUSPECT:
		return suspect(rounds, watched_find(&rounds->watched,
						    vm->vmm.pid, vm->fd));
	}
	return !rounds->no_memory;
}

/* Those come first that were looked at longest ago. */
static int compare_suspects(const void *a, const void *b)
{
	const struct watch_suspect *x = a, *y = b;

	return x->looked < y->looked ? -1 : x->looked > y->looked;
}

static void choose(struct watch_rounds *rounds)
{
	char name[32], err[64];
	size_t nr = rounds->nr_suspects;

	if (nr)
		qsort(rounds->suspects, nr, sizeof(*rounds->suspects),
		      compare_suspects);
	if (rounds->max_looks && nr > rounds->max_looks)
		nr = rounds->max_looks;
	for (size_t i = 0; i < nr; i++) {
		snprintf(name, sizeof(name), "%d:%d", rounds->suspects[i].pid,
			 rounds->suspects[i].fd);
		if (!select_add_vm(&rounds->chosen, name, err, sizeof(err)))
			rounds->no_memory = true;
	}
	rounds->looks += nr;
	rounds->deferred += rounds->nr_suspects - nr;
	rounds->nr_suspects = 0;
}

static void end_look(struct watch_rounds *rounds)
{
	if (rounds->looking) {
		rounds->no_memory |= rounds->diagnosis.no_memory;
		rounds->req.status = rounds->diagnosis.req.status;
		rounds->req.err = rounds->diagnosis.req.err;
		/* they are kept: finding them again takes a tenth of a second a VM */
		rounds->diagnosis.names = NULL;
		diagnosis_free(&rounds->diagnosis);
	}
	rounds->looking = false;
	select_free(&rounds->chosen);
	rounds->chosen = (struct select){ 0 };
}

static bool begin_look(struct watch_rounds *rounds)
{
	diagnosis_init(&rounds->diagnosis, &rounds->chosen);
	rounds->diagnosis.names = rounds->names;
	rounds->diagnosis.req.rescan_ns = rounds->req.rescan_ns;
	rounds->diagnosis.req.skips_unread = rounds->req.skips_unread;
	rounds->looking = true;
	if (!diagnosis_begin(&rounds->diagnosis)) {
		end_look(rounds);
		return false;
	}
	rounds->look_end = signals_clock() + LOOK_NS;
	return true;
}

bool watch_rounds_count(struct watch_rounds *rounds)
{
	bool done;

	end_look(rounds);
	rounds->nr_suspects = 0;
	done = host_request_round(&rounds->req, take_counts, rounds);
	if (!done)
		return false;
	watched_forget_gone(&rounds->watched);
	choose(rounds);
	if (rounds->no_memory)
		return false;
	return !rounds->chosen.nr_vms || begin_look(rounds);
}

static bool take_diagnosis(const struct vm_diagnosis *diagnosis, void *arg)
{
	struct watch_rounds *rounds = arg;
	struct watched_vm *known = watched_find(&rounds->watched,
						diagnosis->vm->vmm.pid,
						diagnosis->vm->fd);

	if (known)
		known->looked = signals_clock();
	step(rounds, diagnosis->vm, watch_word(diagnosis), diagnosis);
	return !rounds->no_memory;
}

bool watch_rounds_finish(struct watch_rounds *rounds)
{
	bool done;

	if (!rounds->looking)
		return true;
	done = diagnosis_end(&rounds->diagnosis, take_diagnosis, rounds);
	end_look(rounds);
	return done && !rounds->no_memory;
}

void watch_rounds_free(struct watch_rounds *rounds)
{
	end_look(rounds);
	free(rounds->suspects);
	source_close(&rounds->req.source);
	watched_free(&rounds->watched);
	guest_names_free(rounds->names);
}
