/* What the helper is asked for on its command line. */
#ifndef REQUEST_H
#define REQUEST_H

#include <stdbool.h>
#include <stdint.h>

enum { MAX_FEATURE_WORDS = 64 };

struct request {
	const char *xen, *kernel, *ramdisk, *cmdline;
	bool pvh;
	unsigned long domid, memory_mib, memory_max_mib, vcpus, store_port, console_port;

	/* Where in the guest the ACPI tables go that come on standard input; 0 for none. */
	unsigned long acpi_address;
	uint32_t features[MAX_FEATURE_WORDS];
	unsigned feature_words;
};

/* 0, or -1 for a command line that is none. */
int request_parse(int argc, char **argv, struct request *request);

extern const char request_usage[];

#endif
