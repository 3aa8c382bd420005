// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "commands.h"
#include "format.h"
#include "msg.h"
#include "result.h"
#include "retry.h"
#include "vcpu_info_abi.h"

struct run {
	const struct device *dev;
	const struct trigger_opts *opts;
	FILE *out;
	int iteration;
	struct retry retry;
	const struct result_kind *failure;	/* the first, NULL if none */
};

static void reply(struct run *run, const struct reply *reply)
{
	const struct result_kind *kind = result_kind(reply->result);

	if (run->opts->json)
		format_reply_json(run->out, reply);
	else
		format_reply(run->out, reply, run->opts->repeat > 1);
	if (kind->exit_code != EXIT_OK && !run->failure)
		run->failure = kind;
}

static void reply_cpu(struct run *run, const struct vcpu_info_ioc_cpu *cpu)
{
	reply(run, &(struct reply){
		.iteration = run->iteration,
		.cpu = cpu->cpu,
		.vcpu_id = cpu->vcpu_id,
		.has_vcpu_id = cpu->vcpu_id >= 0,
		.result = cpu->result,
	});
}

static int do_ioctl(const struct run *run, unsigned long cmd, void *arg)
{
	int error = run->dev->ops->ioctl(run->dev, cmd, arg);

	return error ? device_ioctl_failed(error) : EXIT_OK;
}

/*
 * An ioctl for one vCPU, again while the host limits the rate. Who asks repeatedly
 * does so anyway.
 */
static int ask_until_served(struct run *run, unsigned long cmd, void *arg,
			    const int32_t *result)
{
	int exit_code;

	do {
		exit_code = do_ioctl(run, cmd, arg);
	} while (exit_code == EXIT_OK && *result == -EAGAIN &&
		 run->opts->repeat == 1 && retry_wait(&run->retry, run->dev));
	return exit_code;
}

/* The first that were refused need a wait; later ones may be served at once. */
static int ask_again(struct run *run, struct vcpu_info_ioc_cpu *cpu)
{
	struct vcpu_info_ioc_cpu again = { .cpu = cpu->cpu };
	int exit_code;

	if (cpu->result != -EAGAIN || run->opts->repeat > 1 ||
	    retry_is_over(&run->retry) ||
	    (!run->retry.waits && !retry_wait(&run->retry, run->dev)))
		return EXIT_OK;
	exit_code = ask_until_served(run, VCPU_INFO_IOC_CPU, &again,
				     &again.result);
	if (exit_code == EXIT_OK)
		*cpu = again;
	return exit_code;
}

static int ask_all(struct run *run)
{
	struct vcpu_info_ioc_cpu *cpus = calloc(MAX_CPUS, sizeof(*cpus));
	struct vcpu_info_ioc_all all = {
		.nr = MAX_CPUS,
		.entries = (uintptr_t)cpus,
	};
	int exit_code;

	if (!cpus) {
		msg_error("out of memory");
		return EXIT_FAILED;
	}
	exit_code = do_ioctl(run, VCPU_INFO_IOC_ALL, &all);
	for (unsigned int i = 0;
	     exit_code == EXIT_OK && i < all.nr && i < MAX_CPUS; i++) {
		exit_code = ask_again(run, &cpus[i]);
		if (exit_code == EXIT_OK)
			reply_cpu(run, &cpus[i]);
	}
	if (exit_code == EXIT_OK && all.nr > MAX_CPUS) {
		msg_error("%u CPUs are online, but only %d were asked", all.nr,
			  MAX_CPUS);
		exit_code = EXIT_FAILED;
	}
	free(cpus);
	return exit_code;
}

static int ask_self(struct run *run)
{
	struct vcpu_info_ioc_cpu self = { 0 };
	int exit_code = ask_until_served(run, VCPU_INFO_IOC_SELF, &self,
					 &self.result);

	if (exit_code == EXIT_OK)
		reply_cpu(run, &self);
	return exit_code;
}

static int ask_cpu(struct run *run, int number)
{
	struct vcpu_info_ioc_cpu cpu = { .cpu = number };
	int exit_code = ask_until_served(run, VCPU_INFO_IOC_CPU, &cpu,
					 &cpu.result);

	if (exit_code == EXIT_OK)
		reply_cpu(run, &cpu);
	return exit_code;
}

static int ask_vcpu_id(struct run *run, int vcpu_id)
{
	struct vcpu_info_ioc_vcpu vcpu = { .vcpu_id = vcpu_id };
	int exit_code = ask_until_served(run, VCPU_INFO_IOC_VCPU, &vcpu,
					 &vcpu.result);

	if (exit_code == EXIT_OK)
		reply(run, &(struct reply){
			.iteration = run->iteration,
			.cpu = NO_NUMBER,
			.vcpu_id = vcpu_id,
			.has_vcpu_id = true,
			.result = vcpu.result,
		});
	return exit_code;
}

static int ask_ids(struct run *run, int (*ask)(struct run *run, int id))
{
	int id, exit_code = EXIT_OK;
	struct id_iter it = { 0 };

	while (exit_code == EXIT_OK && id_list_next(&run->opts->ids, &it, &id))
		exit_code = ask(run, id);
	return exit_code;
}

static int ask(struct run *run)
{
	switch (run->opts->target) {
	case TRIGGER_CPUS:
		return ask_ids(run, ask_cpu);
	case TRIGGER_VCPU_IDS:
		return ask_ids(run, ask_vcpu_id);
	case TRIGGER_SELF:
		return ask_self(run);
	default:
		return ask_all(run);
	}
}

static int ask_repeatedly(struct run *run)
{
	struct timespec when;

	clock_gettime(CLOCK_MONOTONIC, &when);
	for (run->iteration = 1; ; run->iteration++) {
		int exit_code = ask(run);

		if (exit_code != EXIT_OK)
			return exit_code;
		/* whoever reads along sees each time as it happens */
		if (fflush(run->out))
			return EXIT_FAILED;
		if (run->iteration == run->opts->repeat)
			return EXIT_OK;
		time_advance(&when, run->opts->interval_ms);
		run->dev->ops->sleep_until(&when);
	}
}

int trigger_run(const struct device *dev, const struct trigger_opts *opts,
		FILE *out)
{
	struct run run = { .dev = dev, .opts = opts, .out = out };
	int exit_code;

	if (!opts->json)
		format_header(out, opts->repeat > 1);
	exit_code = ask_repeatedly(&run);
	if (!run.failure)
		return exit_code;
	msg_error("%s", run.failure->what);
	msg_hint("%s", run.failure->hint);
	return run.failure->exit_code;
}
