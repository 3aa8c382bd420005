// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/top-cells.h"
#include "cmd/top-rows.h"
#include "compiler.h"
#include "print/value.h"
#include "text.h"
#include "trace-time.h"

bool top_rows_needs_times(const struct top_rows *top, size_t width)
{
	return top->sort == TOP_RUN || top->sort == TOP_STEAL ||
	       top_columns[TOP_RUN].from <= width;
}

/* It is nearly always the text that is there already, which is fit to be shown. */
static void set_text(char *to, size_t size, const char *text)
{
	if (strcmp(to, text))
		text_printable(to, size, text);
}

static void take_record(struct printer *printer, const struct event *ev,
			const struct event_about *about)
{
	struct top_rows *top = (struct top_rows *)printer;
	struct vcpu *vcpu = about->vcpu;
	char symbol[SYMBOL_LEN];

	if (ev->kind != EVENT_RECORD)
		return;
	if (!vcpu || !vcpu_keep(vcpu, ev, 1)) {
		top->no_memory = true;
		return;
	}
	set_text(vcpu->name, sizeof(vcpu->name),
		 about->vm	  ?:
			 about->vmm ?:
				      "(gone)");
	value_place(symbol, sizeof(symbol), about);
	set_text(vcpu->symbol, sizeof(vcpu->symbol), symbol);
	top->records++;
}

void top_rows_add(struct top_rows *top, int vm_pid, int vm_fd, int vcpu_id,
		  int thread, const char *name)
{
	struct vcpu *vcpu;

	vcpu = vcpu_table_get_id(top->vcpus, vm_pid, vm_fd, vcpu_id);
	if (!vcpu) {
		top->no_memory = true;
		return;
	}
	vcpu->thread = thread;
	vcpu->marked = true;
	text_printable(vcpu->name, sizeof(vcpu->name), name);
}

static bool was_not_added(const struct vcpu *vcpu, void *arg)
{
	(void)arg;
	return !vcpu->marked && !vcpu->nr_records;
}

static void unmark(struct vcpu *vcpu, void *arg)
{
	(void)arg;
	vcpu->marked = false;
}

void top_rows_forget(struct top_rows *top)
{
	vcpu_table_remove_if(top->vcpus, was_not_added, NULL);
	vcpu_table_each(top->vcpus, unmark, NULL);
}

static void free_rows(struct printer *printer)
{
	struct top_rows *top = (struct top_rows *)printer;

	vcpu_table_free(&top->kept);
	vcpu_table_free(&top->vms);
}

const struct printer_ops top_rows_printer = {
	.size = sizeof(struct top_rows),
	.event = take_record,
	.exit = free_rows,
};

struct expiry {
	const struct top_rows *top;
	uint64_t age_ns;
};

static bool is_old(const struct vcpu *vcpu, void *arg)
{
	const struct expiry *expiry = arg;

	return top_cell_age(expiry->top, vcpu) > expiry->age_ns;
}

void top_rows_expire(struct top_rows *top, uint64_t age_ns)
{
	struct expiry expiry = { top, age_ns };

	vcpu_table_remove_if(top->vcpus, is_old, &expiry);
}

/* A row while it is sorted: what counts is not looked up for each comparison. */
struct sorted {
	double number;	/* the lowest comes first */
	size_t index;	/* in the order of VMs and vCPUs */
	const struct vcpu *vcpu;
};

static int compare_numbers(const void *a, const void *b, void *arg)
{
	const struct sorted *x = a, *y = b;

	(void)arg;
	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return x->index < y->index ? -1 : 1;
}

static int compare_texts(const void *a, const void *b, void *arg)
{
	const struct sorted *x = a, *y = b;
	const struct top_rows *top = arg;
	char left[CELL_SIZE], right[CELL_SIZE];
	int order;

	top_cell(top, x->vcpu, top->sort, left);
	top_cell(top, y->vcpu, top->sort, right);
	order = strcmp(left, right);
	if (order)
		return top->reverse ? -order : order;
	return x->index < y->index ? -1 : 1;
}

static bool is_wanted(const struct top_rows *top, const struct vcpu *vcpu)
{
	static const enum top_column looked_at[] = {
		TOP_NAME, TOP_THREAD, TOP_STATE, TOP_RIP,
	};
	char text[CELL_SIZE];

	if (!top->filter[0])
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(looked_at); i++) {
		top_cell(top, vcpu, looked_at[i], text);
		if (strstr(text, top->filter))
			return true;
	}
	snprintf(text, sizeof(text), "%d:%d", vcpu->vm_pid, vcpu->vm_fd);
	return strstr(text, top->filter);
}

static const struct vcpu_table *shown_vcpus(const struct top_rows *top)
{
	return top->frozen ? &top->kept : top->vcpus;
}

/* Add a vCPU's rates to those of its VM, and let that be as old as its last. */
static void add_to_vm(struct vcpu *vcpu, void *arg)
{
	struct top_rows *top = arg;
	const struct event *last = vcpu_last(vcpu);
	struct exit_delta *sum;
	struct vcpu *vm;

	vm = vcpu_table_get_id(&top->vms, vcpu->vm_pid, vcpu->vm_fd, 0);
	if (!vm)
		return;
	memcpy(vm->name, vcpu->name, sizeof(vm->name));
	vm->nr_vcpus++;
	if (last && (!vcpu_last(vm) || last->ts > vcpu_last(vm)->ts))
		vcpu_keep(vm, last, 1);
	sum = &vm->delta;
	for (int kind = 0; kind < NR_KINDS; kind++) {
		double rate;

		if (!exit_rate(&vcpu->delta, kind, &rate))
			continue;
		sum->state = DELTA_OK;
		sum->ns = NS_PER_SEC;
		sum->known |= 1U << kind;
		sum->count[kind] += rate + 0.5;
	}
}

/* What one vCPU of a VM was doing says nothing of the VM. */
static void hide_fields(struct vcpu *vm, void *arg)
{
	struct event *last = (struct event *)vcpu_last(vm);

	(void)arg;
	if (last)
		last->present = 0;
}

static const struct vcpu_table *rows_of(struct top_rows *top)
{
	if (!top->totals)
		return shown_vcpus(top);
	vcpu_table_free(&top->vms);
	vcpu_table_each(shown_vcpus(top), add_to_vm, top);
	vcpu_table_each(&top->vms, hide_fields, NULL);
	return &top->vms;
}

struct listing {
	const struct top_rows *top;
	struct sorted *list;
	size_t nr;
	size_t longest_name;
	size_t longest_rip;
};

/* Rates have the highest first, all else the lowest. */
static double sort_number(const struct top_rows *top, const struct vcpu *vcpu)
{
	double by;

	if (top_cell_is_text(top->sort))
		return 0;
	by = top_cell_number(top, vcpu, top->sort);
	return (top_columns[top->sort].kind >= 0) != top->reverse ? -by : by;
}

/* Of counters alone there is none. */
static size_t rip_width(const struct top_rows *top, const struct vcpu *vcpu)
{
	const struct event *last = vcpu_last(vcpu);
	char rip[CELL_SIZE];

	if (!vcpu->symbol[0] &&
	    (!last || !event_has(last, FIELD_REGS + VCPU_INFO_REG_RIP)))
		return strlen(UNKNOWN);
	top_cell(top, vcpu, TOP_RIP, rip);
	return text_width(rip);
}

static void list_vcpu(struct vcpu *vcpu, void *arg)
{
	struct listing *listing = arg;
	size_t width;

	if (!is_wanted(listing->top, vcpu))
		return;
	listing->list[listing->nr] = (struct sorted){
		.number = sort_number(listing->top, vcpu),
		.index = listing->nr,
		.vcpu = vcpu,
	};
	listing->nr++;
	width = rip_width(listing->top, vcpu);
	if (width > listing->longest_rip)
		listing->longest_rip = width;
	width = text_width(vcpu->name);
	if (width > listing->longest_name)
		listing->longest_name = width;
}

/* As wide as the longest, if that leaves the other columns their room. */
static size_t name_width(const struct listing *listing, size_t width)
{
	size_t least = -top_columns[TOP_NAME].width;
	size_t others = 1 + listing->longest_rip;

	for (int col = TOP_NAME + 1; col < TOP_RIP; col++) {
		if (top_columns[col].from <= width)
			others += abs(top_columns[col].width) + 1;
	}
	if (others + least >= width || listing->longest_name <= least)
		return least;
	return listing->longest_name < width - others ? listing->longest_name :
							width - others;
}

/* Where next to nothing happens all is in order already. */
static void sort(struct listing *listing)
{
	bool by_text = top_cell_is_text(listing->top->sort);
	int (*compare)(const void *a, const void *b, void *arg) =
		by_text ? compare_texts : compare_numbers;
	void *top = (void *)listing->top;

	for (size_t i = 1; i < listing->nr; i++) {
		if (compare(&listing->list[i - 1], &listing->list[i], top) > 0) {
			qsort_r(listing->list, listing->nr, sizeof(*listing->list),
				compare, top);
			return;
		}
	}
}

const struct vcpu **top_rows_sorted(struct top_rows *top, size_t width,
				    size_t *nr)
{
	struct listing listing = { .top = top };
	const struct vcpu_table *rows = rows_of(top);
	const struct vcpu **sorted = reallocarray(NULL, rows->nr + 1,
						   sizeof(*sorted));

	*nr = 0;
	listing.list = reallocarray(NULL, rows->nr + 1, sizeof(*listing.list));
	if (!listing.list || !sorted) {
		free(listing.list);
		free(sorted);
		return NULL;
	}
	vcpu_table_each(rows, list_vcpu, &listing);
	*nr = listing.nr;
	top->name_width = name_width(&listing, width);
	sort(&listing);
	for (size_t i = 0; i < *nr; i++)
		sorted[i] = listing.list[i].vcpu;
	free(listing.list);
	if (top->scroll >= *nr)
		top->scroll = *nr ? *nr - 1 : 0;
	return sorted;
}

/* Not at all if there is no memory for a copy of what is shown. */
static void toggle_frozen(struct top_rows *top)
{
	vcpu_table_free(&top->kept);
	if (!top->frozen && !vcpu_table_copy(&top->kept, top->vcpus))
		return;
	top->frozen = !top->frozen;
}

static enum top_action edit_filter(struct top_rows *top, int key)
{
	size_t len = strlen(top->filter);

	if (key == TOP_KEY_ESCAPE)
		top->filter[0] = '\0';
	if (key == TOP_KEY_ESCAPE || key == TOP_KEY_ENTER) {
		top->editing = false;
	} else if (key == TOP_KEY_BACKSPACE && len) {
		top->filter[len - 1] = '\0';
	} else if (key < 128 && isprint(key) &&
		   len + 1 < sizeof(top->filter)) {
		top->filter[len] = key;
		top->filter[len + 1] = '\0';
	}
	top->scroll = 0;
	return TOP_REDRAW;
}

const char *const top_rows_help[] = {
	"q        quit",
	"< >      sort by the column to the left or right (the one with a star)",
	"r        reverse the order",
	"v        a row for each VM, or for each vCPU",
	"/        filter by name, VM, thread, state or RIP; Escape drops it",
	"f        freeze what is shown; records are still taken",
	"p        pause; no records are taken",
	"arrows   scroll",
	"h        this help; any key leaves it",
	NULL
};

enum top_action top_rows_key(struct top_rows *top, int key)
{
	if (top->help) {
		top->help = false;
		return TOP_REDRAW;
	}
	if (top->editing)
		return edit_filter(top, key);
	switch (key) {
	case 'q':
		return TOP_QUIT;
	case '<':
		top->sort = (top->sort + NR_TOP_COLUMNS - 1) % NR_TOP_COLUMNS;
		return TOP_REDRAW;
	case '>':
		top->sort = (top->sort + 1) % NR_TOP_COLUMNS;
		return TOP_REDRAW;
	case 'r':
		top->reverse = !top->reverse;
		return TOP_REDRAW;
	case 'h':
	case '?':
		top->help = true;
		return TOP_REDRAW;
	case 'v':
		top->totals = !top->totals;
		top->scroll = 0;
		return TOP_REDRAW;
	case 'f':
		toggle_frozen(top);
		return TOP_REDRAW;
	case 'p':
		top->paused = !top->paused;
		return TOP_REDRAW;
	case '/':
		top->editing = true;
		return TOP_REDRAW;
	case TOP_KEY_UP:
		top->scroll -= top->scroll > 0;
		return TOP_REDRAW;
	case TOP_KEY_DOWN:
		top->scroll++;
		return TOP_REDRAW;
	default:
		return TOP_IGNORE;
	}
}

/* Append, cut at width. */
__printf(4, 5)
static void append(char *line, size_t width, size_t *len, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line + *len, width + 1 - *len, fmt, ap);
	va_end(ap);
	if (n > 0)
		*len += n;
	if (*len > width)
		*len = width;
}

static void summarize_rows(const struct top_rows *top, size_t rows, char *line,
			   size_t width, size_t *len)
{
	size_t total = top->totals ? top->vms.nr : shown_vcpus(top)->nr;

	append(line, width, len, "%zu of %zu %s, %llu records, %llu lost", rows,
	       total, top->totals ? "VMs" : "vCPUs",
	       (unsigned long long)top->records, (unsigned long long)top->lost);
	append(line, width, len, "; sorted by %s%s",
	       top_column_names[top->sort], top->reverse ? " reversed" : "");
}

void top_rows_summary(const struct top_rows *top, size_t rows, char *line,
		      size_t width)
{
	size_t len = 0;

	line[0] = '\0';
	if (!shown_vcpus(top)->nr)
		append(line, width, &len,
		       top->some_vms ? "waiting for a VM that was asked for" :
				       "waiting for a VM to run on this host");
	else if (!top->records)
		append(line, width, &len,
		       "%zu of %zu vCPUs; waiting for 'vcpu-info-guest trigger' in a guest",
		       rows, shown_vcpus(top)->nr);
	else
		summarize_rows(top, rows, line, width, &len);
	if (top->editing || top->filter[0])
		append(line, width, &len, "; filter: %s%s", top->filter,
		       top->editing ? "_" : "");
	if (top->paused)
		append(line, width, &len, "; PAUSED");
	if (top->frozen)
		append(line, width, &len, "; FROZEN");
}
