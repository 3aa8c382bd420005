/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Gathers metrics: counters when somebody asks for them, diagnoses from time to time.
 * Nobody's scrape makes a vCPU exit: only the rounds of diagnoses do, and they are
 * rationed.
 */
#ifndef HOST_EXPORT_COLLECTOR_H
#define HOST_EXPORT_COLLECTOR_H

#include "export/metrics.h"
#include "export/verdicts.h"

/* From one round of diagnoses to the next */
#define ROUND_NS	(10 * NS_PER_SEC)

/*
 * The ration of closer looks: so many VMs a round, those first that have waited
 * longest; and a VM about which nothing is in doubt at most once in that time.
 */
#define MAX_LOOKS	16
#define RELOOK_NS	(60 * NS_PER_SEC)

/* VMs that come are found after that time. */
#define FIND_NS		(10 * NS_PER_SEC)

/**
 * struct collector - it
 * @rounds: of diagnoses; their request is that for counters, too
 * @verdicts: what they found
 * @next_round: signals_clock() at which the next is due
 * @metrics: what was gathered last
 * @status: whether VMs could be asked for
 * @err: errno of then
 * @no_memory: something is missing in it
 */
struct collector {
	struct watch_rounds rounds;
	struct verdicts verdicts;
	uint64_t next_round;
	struct metrics metrics;
	enum device_status status;
	int err;
	bool no_memory;
};

/* For these VMs. Has to stay where it is. To be freed. */
void collector_init(struct collector *collector, const struct select *select,
		    bool diagnoses);

/* signals_clock() at which collector_tick() is due; UINT64_MAX: never */
uint64_t collector_due(const struct collector *collector);

/* Does what is due of the diagnoses. */
void collector_tick(struct collector *collector);

/* Gather all, without an interrupt to any vCPU, and write it. */
void collector_write(struct collector *collector, enum metrics_format format,
		     FILE *out);
void collector_free(struct collector *collector);

#endif /* HOST_EXPORT_COLLECTOR_H */
