/*
 * xen-domain-builder: loads a PV or PVH kernel into an existing, empty domain through libxenguest, prints
 *     result:<store frame> <console frame>
 * and ends. A process of its own because the library has no stable layout, keeps state and may abort: what dies is this
 * helper, not the daemon. Errors are one line on stderr, "error: <name> ...", and exit status 1; 2 is wrong usage.
 */
#include "request.h"
#include "xenguest.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Where a PVH guest's memory below 4 GiB ends, and what lies above: the tables for its ACPI, and Xen's own pages. */
#define MMIO_START 0xf0000000ULL
#define FOUR_GIB 0x100000000ULL
#define SPECIAL_PAGES 0xfeff8000ULL
#define SPECIAL_SIZE 0x8000ULL

enum { CONTAINER_PV = 0, CONTAINER_HVM = 1, MAX_ACPI = 1 << 16, PAGE = 4096 };

static char acpi[MAX_ACPI];
static size_t acpi_size;
static struct memory_range ranges[4];

static void put(void *dom, size_t offset, const void *value, size_t size)
{
	memcpy((char *)dom + offset, value, size);
}

static void put32(void *dom, size_t offset, unsigned long value)
{
	uint32_t narrow = (uint32_t)value;
	put(dom, offset, &narrow, sizeof(narrow));
}

static void put64(void *dom, size_t offset, uint64_t value)
{
	put(dom, offset, &value, sizeof(value));
}

static uint64_t get64(void *dom, size_t offset)
{
	uint64_t value;
	memcpy(&value, (char *)dom + offset, sizeof(value));
	return value;
}

/* The frame Xen knows a guest frame by: the machine's for a PV domain (~0 when there is none), the guest's own otherwise. */
static uint64_t frame(void *dom, const struct image_layout *at, const struct request *r, uint64_t pfn)
{
	const uint64_t *p2m;
	if (r->pvh)
		return pfn;
	memcpy(&p2m, (char *)dom + at->pv_p2m, sizeof(p2m));
	return p2m && pfn < get64(dom, at->total_pages) ? p2m[pfn] : ~0ULL;
}

static int failed(const char *step)
{
	fprintf(stderr, "error: %s %s\n", step, strerror(errno));
	return 1;
}

static uint32_t range(uint32_t count, uint64_t address, uint64_t size, uint32_t type)
{
	ranges[count] = (struct memory_range){ .address = address, .size = size, .type = type };
	return count + 1;
}

/* The guest-physical address space of a PVH guest: told to Xen, to the library and, by it, to the guest. */
static int lay_out_pvh(const struct xenguest *l, const struct image_layout *at, void *xch, void *dom, const struct request *r)
{
	uint64_t memory = (uint64_t)r->memory_max_mib << 20;
	uint64_t low = memory < MMIO_START ? memory : MMIO_START;
	uint64_t high = memory > low ? FOUR_GIB + memory - low : 0;
	uint32_t count = range(0, 0, low, RANGE_RAM);
	const void *table = ranges, *tables = acpi;
	uint8_t no = 0;

	if (acpi_size) {
		put(dom, at->acpi_data, &tables, sizeof(tables));
		put32(dom, at->acpi_length, acpi_size);
		put64(dom, at->acpi_address, r->acpi_address);
		count = range(count, r->acpi_address, (acpi_size + PAGE - 1) / PAGE * PAGE, RANGE_ACPI);
	}
	count = range(count, SPECIAL_PAGES, SPECIAL_SIZE, RANGE_RESERVED);
	if (high)
		count = range(count, FOUR_GIB, high - FOUR_GIB, RANGE_RAM);

	put(dom, at->device_model, &no, sizeof(no));
	put64(dom, at->target_pages, (uint64_t)r->memory_mib << 8);
	put64(dom, at->mmio_start, MMIO_START);
	put64(dom, at->mmio_size, FOUR_GIB - MMIO_START);
	put64(dom, at->lowmem_end, low);
	put64(dom, at->highmem_end, high);
	put(dom, at->e820, &table, sizeof(table));
	put32(dom, at->e820_entries, count);
	return l->set_memory_map(xch, (uint32_t)r->domid, ranges, count) ? failed("xc_domain_set_memory_map") : 0;
}

/* Everything that is set in the image before the library looks at it. */
static int prepare(const struct xenguest *l, const struct image_layout *at, void *xch, void *dom, const struct request *r)
{
	put32(dom, at->container_type, r->pvh ? CONTAINER_HVM : CONTAINER_PV);
	if (l->dom_kernel_file(dom, r->kernel))
		return failed("xc_dom_kernel_file");
	if (r->ramdisk && l->dom_module_file(dom, r->ramdisk, NULL))
		return failed("xc_dom_module_file");
	put32(dom, at->flags, 0);
	put32(dom, at->console_evtchn, r->console_port);
	put32(dom, at->xenstore_evtchn, r->store_port);
	put32(dom, at->console_domid, 0);
	put32(dom, at->xenstore_domid, 0);
	put32(dom, at->max_vcpus, r->vcpus);
	if (l->apply_cpu_policy(xch, (uint32_t)r->domid, false, r->feature_words ? r->features : NULL, r->feature_words, true, false,
				false, NULL, NULL))
		return failed("xc_cpuid_apply_policy");
	if (r->pvh)
		return lay_out_pvh(l, at, xch, dom, r);
	return l->set_memmap_limit(xch, (uint32_t)r->domid, r->memory_max_mib << 10) ? failed("xc_domain_set_memmap_limit") : 0;
}

static int load(const struct xenguest *l, const struct image_layout *at, void *xch, void *dom, const struct request *r)
{
	if (l->dom_boot_xen_init(dom, xch, (uint32_t)r->domid))
		return failed("xc_dom_boot_xen_init");
	if (l->dom_parse_image(dom))
		return failed("xc_dom_parse_image");
	/* With nested paging the guest's whole range is laid out; what is above the target is filled on demand. */
	if (l->dom_mem_init(dom, (unsigned)(r->pvh ? r->memory_max_mib : r->memory_mib)))
		return failed("xc_dom_mem_init");
	if (l->dom_boot_mem_init(dom))
		return failed("xc_dom_boot_mem_init");
	if (l->dom_build_image(dom))
		return failed("xc_dom_build_image");
	if (l->dom_boot_image(dom))
		return failed("xc_dom_boot_image");
	if (l->dom_gnttab_init(dom))
		return failed("xc_dom_gnttab_init");
	printf("result:%llu %llu\n", (unsigned long long)frame(dom, at, r, get64(dom, at->xenstore_pfn)),
	       (unsigned long long)frame(dom, at, r, get64(dom, at->console_pfn)));
	return fflush(stdout) ? failed("write") : 0;
}

static int build(const struct xenguest *l, const struct image_layout *at, void *xch, const struct request *r)
{
	if (l->dom_loginit(xch))
		return failed("xc_dom_loginit");
	void *dom = l->dom_allocate(xch, r->cmdline, "");
	if (!dom)
		return failed("xc_dom_allocate");
	int status = prepare(l, at, xch, dom, r);
	if (!status)
		status = load(l, at, xch, dom, r);
	l->dom_release(dom);
	return status;
}

static int read_acpi(const struct request *r)
{
	if (!r->acpi_address)
		return 0;
	acpi_size = fread(acpi, 1, sizeof(acpi), stdin);
	if (ferror(stdin))
		return failed("read");
	if (!acpi_size || acpi_size == sizeof(acpi) || r->acpi_address % PAGE) {
		fputs("error: acpi no tables, or too many\n", stderr);
		return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct request request;
	struct xenguest library;
	const struct image_layout *layout;

	if (request_parse(argc, argv, &request)) {
		fputs(request_usage, stderr);
		return 2;
	}
	if (read_acpi(&request) || xenguest_load(request.xen, &library, &layout))
		return 1;

	void *xch = library.interface_open(NULL, NULL, 0);
	if (!xch)
		return failed("xc_interface_open");
	int status = build(&library, layout, xch, &request);
	library.interface_close(xch);
	return status;
}
