#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"

void *guarded(DWORD size) {
    DWORD pages = (size + 4095) / 4096 * 4096;
    char *region = VirtualAlloc(NULL, pages + 4096, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
    DWORD before;
    if (!region || !VirtualProtect(region + pages, 4096, PAGE_NOACCESS, &before)) abort();
    memset(region, 0xCC, pages);
    DWORD *structure = (DWORD *)(void *)(region + pages - size);
    memcpy(structure, &size, sizeof size);
    return structure;
}

void release(void *structure) {
    MEMORY_BASIC_INFORMATION information;
    VirtualQuery(structure, &information, sizeof information);
    VirtualFree(information.AllocationBase, 0, MEM_RELEASE);
}

void check_sizes(const void *structure, const char *name) {
    DWORD sizes[3];
    memcpy(sizes, structure, sizeof sizes);
    if (sizes[2] > sizes[0] || sizes[2] > sizes[1])
        fault("%s: total %lu, needed %lu, used %lu", name, (unsigned long)sizes[0],
              (unsigned long)sizes[1], (unsigned long)sizes[2]);
}
