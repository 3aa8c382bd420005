// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "named.h"
#include "text.h"

/* Nothing behind the NUL: most of a stack is room for names. */
static void copy(char *to, size_t size, const char *from)
{
	size_t len = strnlen(from, size - 1);

	memcpy(to, from, len);
	to[len] = '\0';
}

static void take(struct named_place *named, const struct guest_place *place)
{
	named->name[0] = '\0';
	named->module[0] = '\0';
	named->offset = 0;
	named->size = 0;
	if (!place->name.name)
		return;
	copy(named->name, sizeof(named->name), place->name.name);
	if (place->module)
		copy(named->module, sizeof(named->module), place->module);
	named->offset = place->name.offset;
	named->size = place->name.size;
}

bool named_place_find(const struct guest_kernel *kernel, uint64_t address,
		      struct named_place *named)
{
	struct guest_place place;

	guest_kernel_find(kernel, address, &place);
	take(named, &place);
	return named->name[0];
}

void named_stack_make(const struct guest_kernel *kernel,
		      const struct guest_stack *stack,
		      struct named_stack *named)
{
	struct guest_place place;

	named->end = stack->end;
	named->nr = stack->nr;
	named->has_aside = stack->has_aside;
	named->aside_frame = stack->aside_frame;
	memcpy(named->aside, stack->aside, sizeof(named->aside));
	for (size_t i = 0; i < stack->nr; i++) {
		guest_frame_find(kernel, &stack->frames[i], &place);
		named->frames[i].frame = stack->frames[i];
		take(&named->frames[i].place, &place);
	}
}

size_t named_stack_len(const struct named_stack *stack)
{
	return offsetof(struct named_stack, frames) +
	       stack->nr * sizeof(stack->frames[0]);
}

void named_place_end(struct named_place *place)
{
	place->name[sizeof(place->name) - 1] = '\0';
	place->module[sizeof(place->module) - 1] = '\0';
	text_utf8(place->name, sizeof(place->name), place->name);
	text_utf8(place->module, sizeof(place->module), place->module);
}

void named_place_take(struct named_place *to, const struct named_place *from)
{
	copy(to->name, sizeof(to->name), from->name);
	copy(to->module, sizeof(to->module), from->module);
	to->offset = from->offset;
	to->size = from->size;
	named_place_end(to);
}

static bool header_fits(const struct named_stack *stack, size_t len)
{
	return stack->nr <= GUEST_MAX_FRAMES && len == named_stack_len(stack) &&
	       (unsigned int)stack->end <= END_LIMIT &&
	       !(stack->has_aside && stack->aside_frame >= stack->nr);
}

static bool frame_fits(const struct guest_frame *frame)
{
	return (unsigned int)frame->stack <= STACK_OTHER;
}

bool named_stack_check(struct named_stack *stack, size_t len)
{
	if (len < offsetof(struct named_stack, frames) || !header_fits(stack, len))
		return false;
	for (size_t i = 0; i < stack->nr; i++) {
		if (!frame_fits(&stack->frames[i].frame))
			return false;
		named_place_end(&stack->frames[i].place);
	}
	return true;
}

bool named_stack_take(struct named_stack *to, const struct named_stack *from, size_t len)
{
	if (len < offsetof(struct named_stack, frames))
		return false;
	memcpy(to, from, offsetof(struct named_stack, frames));
	if (!header_fits(to, len))
		return false;
	for (size_t i = 0; i < to->nr; i++) {
		to->frames[i].frame = from->frames[i].frame;
		if (!frame_fits(&to->frames[i].frame))
			return false;
		named_place_take(&to->frames[i].place, &from->frames[i].place);
	}
	return true;
}
