// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "fake-btf.h"
#include "fake-linux.h"

#define COUNT_BITS	3
#define SIZE_BITS	8
#define SIZE		(1ULL << SIZE_BITS)
#define COUNT		(1ULL << COUNT_BITS)
#define ID_MASK		(~0ULL >> 2)

/* Parts of the ring, from its start. */
#define HEAD_ID		(FAKE_PRINTK_DESCS + 24)
#define TAIL_ID		(FAKE_PRINTK_DESCS + 32)
#define HEAD_LPOS	(FAKE_PRINTK_DATA + 16)
#define DESCS		0x100
#define INFOS		0x400
#define DATA		0x800

static void *part(struct fake_linux *fake, uint64_t offset)
{
	return fake_at(fake, FAKE_PRINTK + offset);
}

static uint64_t *word(struct fake_linux *fake, uint64_t offset)
{
	return part(fake, offset);
}

uint64_t *fake_printk_desc(struct fake_linux *fake, uint64_t id)
{
	return word(fake, DESCS + id % COUNT * FAKE_DESC_SIZE);
}

void fake_printk_make(struct fake_linux *fake)
{
	*word(fake, FAKE_PRINTK_DESCS) = COUNT_BITS;
	*word(fake, FAKE_PRINTK_DESCS + 8) = FAKE_PRINTK + DESCS;
	*word(fake, FAKE_PRINTK_DESCS + 16) = FAKE_PRINTK + INFOS;
	*word(fake, FAKE_PRINTK_DATA) = SIZE_BITS;
	*word(fake, FAKE_PRINTK_DATA + 8) = FAKE_PRINTK + DATA;
	/* ids and places soon start anew, as the kernel has it */
	*word(fake, HEAD_ID) = -(COUNT + 1) & ID_MASK;
	*word(fake, TAIL_ID) = -(COUNT + 1) & ID_MASK;
	*word(fake, HEAD_LPOS) = -SIZE;
	*fake_printk_desc(fake, *word(fake, HEAD_ID)) = *word(fake, HEAD_ID) |
							3ULL << 62;
}

/* Where a block goes; from, to: its places. */
static uint8_t *place(struct fake_linux *fake, size_t len, bool fits,
		      uint64_t *from, uint64_t *to)
{
	uint64_t end;

	*from = *word(fake, HEAD_LPOS);
	*to = *from + len;
	end = *to - fits;
	if (*from / SIZE == end / SIZE)
		return part(fake, DATA + *from % SIZE);
	*to = end / SIZE * SIZE + len;
	return part(fake, DATA);
}

uint64_t fake_printk(struct fake_linux *fake, unsigned int level, const char *text,
		     bool fits)
{
	uint64_t id = (*word(fake, HEAD_ID) + 1) & ID_MASK;
	uint64_t *desc = fake_printk_desc(fake, id), from = 1, to = 1;
	size_t len = strlen(text);
	uint8_t *info = part(fake, INFOS + id % COUNT * FAKE_INFO_SIZE), *block;
	const uint64_t seq = (id + COUNT) & ID_MASK, ts = 1000 * seq + 5000000000;

	if (len) {
		block = place(fake, (8 + len + 7) & ~7ULL, fits, &from, &to);
		memcpy(block, &id, sizeof(id));
		memcpy(block + 8, text, len);
		*word(fake, HEAD_LPOS) = to;
	}
	desc[0] = id | 2ULL << 62;
	desc[1] = len ? from : 3;
	desc[2] = len ? to : 3;
	memcpy(info, &seq, sizeof(seq));
	memcpy(info + 8, &ts, sizeof(ts));
	info[16] = len;
	info[17] = 0;
	info[18] = 0;
	info[19] = level << 5 | 2;
	*word(fake, HEAD_ID) = id;
	if (((id - *word(fake, TAIL_ID)) & ID_MASK) == COUNT)
		*word(fake, TAIL_ID) = (*word(fake, TAIL_ID) + 1) & ID_MASK;
	return id;
}
