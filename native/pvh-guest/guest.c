/*
 * Fills the memory above itself with a pattern, then goes on rewriting pages and checking each before it writes.
 * Every page holds its own number, how often it was written, and words derived from both: a page that is lost, stale,
 * torn or in the wrong place shows. A line on the console every ROUND writes:
 *     counter=<writes> pages=<n> errors=<n> checksum=<hex>
 * The checksum is over the numbers of writes of all pages, so it can be computed from the counter alone.
 */
#include "guest.h"

enum { ROUND = 1 << 15, RAM = 1 };
#define MAGIC 0x336ec578u

extern char guest_end[];
static uint32_t *memory;
static uint32_t pages, errors, counter;

static uint32_t word(uint32_t page, uint32_t writes, uint32_t at)
{
	return (page * 2654435761u) ^ (writes * 40503u) ^ (at * 97u);
}

static void fill(uint32_t page, uint32_t writes)
{
	uint32_t *at = memory + page * WORDS_PER_PAGE;
	at[0] = page;
	at[1] = writes;
	for (uint32_t i = 2; i < WORDS_PER_PAGE; i++)
		at[i] = word(page, writes, i);
}

static int intact(uint32_t page)
{
	const uint32_t *at = memory + page * WORDS_PER_PAGE;
	if (at[0] != page)
		return 0;
	for (uint32_t i = 2; i < WORDS_PER_PAGE; i++)
		if (at[i] != word(page, at[1], i))
			return 0;
	return 1;
}

/* The largest stretch of RAM below 4 GiB, after the guest itself. */
static void find_memory(const struct start_info *info)
{
	const struct memmap_entry *map = (const struct memmap_entry *)(uint32_t)info->memmap;
	uint32_t first = ((uint32_t)guest_end + PAGE_SIZE - 1) / PAGE_SIZE, best = 0, length = 0;

	if (info->magic != MAGIC || info->version < 1)
		return;
	for (uint32_t i = 0; i < info->memmap_entries; i++) {
		uint64_t low = map[i].addr / PAGE_SIZE, high = (map[i].addr + map[i].size) / PAGE_SIZE;
		if (map[i].type != RAM || map[i].addr >= 0x100000000ull)
			continue;
		if (high > 0xfffff)
			high = 0xfffff;
		if (low < first)
			low = first;
		if (high > low && high - low > length) {
			best = (uint32_t)low;
			length = (uint32_t)(high - low);
		}
	}
	memory = (uint32_t *)(best * PAGE_SIZE);
	pages = length;
}

static void report(void)
{
	uint32_t checksum = 0;
	for (uint32_t page = 0; page < pages; page++)
		checksum = (checksum << 1 | checksum >> 31) ^ memory[page * WORDS_PER_PAGE + 1];
	console_write("counter=");
	console_number(counter);
	console_write(" pages=");
	console_number(pages);
	console_write(" errors=");
	console_number(errors);
	console_write(" checksum=");
	console_hex(checksum);
	console_write("\n");
}

void guest_main(const struct start_info *info)
{
	uint32_t random = 1;

	console_init();
	find_memory(info);
	if (!pages) {
		console_write("no memory map from the toolstack\n");
		return;
	}
	for (uint32_t page = 0; page < pages; page++)
		fill(page, 0);
	report();
	for (;;) {
		random = random * 1664525u + 1013904223u;
		uint32_t page = (uint32_t)(((uint64_t)random * pages) >> 32);
		if (!intact(page))
			errors++;
		fill(page, memory[page * WORDS_PER_PAGE + 1] + 1);
		if (++counter % ROUND == 0)
			report();
	}
}
