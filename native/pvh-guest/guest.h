/* A guest without an operating system, for tests of domain building and migration on a real Xen. */
#ifndef GUEST_H
#define GUEST_H

#include <stdint.h>

enum { PAGE_SIZE = 4096, WORDS_PER_PAGE = PAGE_SIZE / 4 };

/* What Xen hands over in ebx (magic 0x336ec578); addresses are physical. */
struct start_info {
	uint32_t magic, version, flags, nr_modules;
	uint64_t modules, cmdline, rsdp;
	uint64_t memmap;		/* version 1 on */
	uint32_t memmap_entries, reserved;
};

struct memmap_entry {
	uint64_t addr, size;
	uint32_t type, reserved;	/* 1 is RAM */
};

/* Finds the hypercall page and the console ring; without Xen only the debug port is written. */
void console_init(void);
void console_write(const char *text);
void console_number(uint32_t value);
void console_hex(uint32_t value);

#endif
