/*
 * xen-domain-builder: loads a PV kernel into an existing, empty domain through libxenguest, prints
 *     result:<store frame> <console frame>
 * and ends. A process of its own because the library has no stable layout, keeps state and may abort: what dies is this
 * helper, not the daemon. Errors are one line on stderr, "error: <name> ...", and exit status 1; 2 is wrong usage.
 */
#include "xenguest.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct request {
	const char *xen, *kernel, *ramdisk, *cmdline;
	unsigned long domid, memory_mib, vcpus, store_port, console_port;
};

static const char usage[] =
	"usage: xen-domain-builder --xen VERSION --domid N --kernel FILE --memory-mib N --store-port N --console-port N\n"
	"                          [--ramdisk FILE] [--cmdline TEXT] [--vcpus N]\n";

static const struct option options[] = {
	{ "xen", required_argument, 0, 'x' }, { "domid", required_argument, 0, 'd' },
	{ "kernel", required_argument, 0, 'k' }, { "ramdisk", required_argument, 0, 'r' },
	{ "cmdline", required_argument, 0, 'c' }, { "memory-mib", required_argument, 0, 'm' },
	{ "vcpus", required_argument, 0, 'v' }, { "store-port", required_argument, 0, 's' },
	{ "console-port", required_argument, 0, 'o' }, { 0, 0, 0, 0 },
};

static int number(const char *text, unsigned long *value)
{
	char *end;
	errno = 0;
	*value = strtoul(text, &end, 10);
	return errno || end == text || *end || *value > 0xffffffffUL ? -1 : 0;
}

static int parse(int argc, char **argv, struct request *r)
{
	int option, bad = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'x': r->xen = optarg; break;
		case 'k': r->kernel = optarg; break;
		case 'r': r->ramdisk = optarg; break;
		case 'c': r->cmdline = optarg; break;
		case 'd': bad |= number(optarg, &r->domid); break;
		case 'm': bad |= number(optarg, &r->memory_mib); break;
		case 'v': bad |= number(optarg, &r->vcpus); break;
		case 's': bad |= number(optarg, &r->store_port); break;
		case 'o': bad |= number(optarg, &r->console_port); break;
		default: return -1;
		}
	}
	return bad || optind != argc || !r->xen || !r->kernel || !r->domid || !r->memory_mib || !r->store_port || !r->console_port ? -1 : 0;
}

static void put32(void *dom, size_t offset, unsigned long value)
{
	uint32_t narrow = (uint32_t)value;
	memcpy((char *)dom + offset, &narrow, sizeof(narrow));
}

static uint64_t get64(void *dom, size_t offset)
{
	uint64_t value;
	memcpy(&value, (char *)dom + offset, sizeof(value));
	return value;
}

/* The machine frame behind a guest frame of a PV domain; ~0 when there is none. */
static uint64_t machine_frame(void *dom, const struct image_layout *at, uint64_t pfn)
{
	const uint64_t *p2m;
	memcpy(&p2m, (char *)dom + at->pv_p2m, sizeof(p2m));
	return p2m && pfn < get64(dom, at->total_pages) ? p2m[pfn] : ~0ULL;
}

static int failed(const char *step)
{
	fprintf(stderr, "error: %s %s\n", step, strerror(errno));
	return 1;
}

static int build(const struct xenguest *l, const struct image_layout *at, void *xch, const struct request *r)
{
	if (l->dom_loginit(xch))
		return failed("xc_dom_loginit");
	void *dom = l->dom_allocate(xch, r->cmdline, "");
	if (!dom)
		return failed("xc_dom_allocate");

	int status = 1;
	put32(dom, at->container_type, 0);	/* PV */
	if (l->dom_kernel_file(dom, r->kernel))
		failed("xc_dom_kernel_file");
	else if (r->ramdisk && l->dom_module_file(dom, r->ramdisk, NULL))
		failed("xc_dom_module_file");
	else {
		put32(dom, at->flags, 0);
		put32(dom, at->console_evtchn, r->console_port);
		put32(dom, at->xenstore_evtchn, r->store_port);
		put32(dom, at->console_domid, 0);
		put32(dom, at->xenstore_domid, 0);
		put32(dom, at->max_vcpus, r->vcpus);
		if (l->dom_boot_xen_init(dom, xch, (uint32_t)r->domid))
			failed("xc_dom_boot_xen_init");
		else if (l->dom_parse_image(dom))
			failed("xc_dom_parse_image");
		else if (l->dom_mem_init(dom, (unsigned)r->memory_mib))
			failed("xc_dom_mem_init");
		else if (l->dom_boot_mem_init(dom))
			failed("xc_dom_boot_mem_init");
		else if (l->dom_build_image(dom))
			failed("xc_dom_build_image");
		else if (l->dom_boot_image(dom))
			failed("xc_dom_boot_image");
		else if (l->dom_gnttab_init(dom))
			failed("xc_dom_gnttab_init");
		else {
			uint64_t store = machine_frame(dom, at, get64(dom, at->xenstore_pfn));
			uint64_t console = machine_frame(dom, at, get64(dom, at->console_pfn));
			printf("result:%llu %llu\n", (unsigned long long)store, (unsigned long long)console);
			status = fflush(stdout) ? failed("write") : 0;
		}
	}
	l->dom_release(dom);
	return status;
}

int main(int argc, char **argv)
{
	struct request request = { .cmdline = "", .vcpus = 1 };
	struct xenguest library;
	const struct image_layout *layout;

	if (parse(argc, argv, &request)) {
		fputs(usage, stderr);
		return 2;
	}
	if (xenguest_load(request.xen, &library, &layout))
		return 1;

	void *xch = library.interface_open(NULL, NULL, 0);
	if (!xch)
		return failed("xc_interface_open");
	int status = build(&library, layout, xch, &request);
	library.interface_close(xch);
	return status;
}
