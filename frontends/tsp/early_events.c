#include "early_events.h"

#include <stdlib.h>
#include <string.h>

#define MOST_EARLY 1000

struct early {
    struct early *next;
    char id[LONGEST_CALL_ID];
    struct call_event event;
};

static struct early *kept;

void keep_early(const char id[LONGEST_CALL_ID], struct call_event event) {
    struct early **at = &kept;
    int count = 0;
    for (; *at; at = &(*at)->next) count++;
    struct early *early = count < MOST_EARLY ? calloc(1, sizeof *early) : NULL;
    if (!early) return;
    memcpy(early->id, id, sizeof early->id);
    early->event = event;
    *at = early;
}

bool take_early(const char id[LONGEST_CALL_ID], struct call_event *event) {
    struct early **at = &kept;
    while (*at && strcmp((*at)->id, id) != 0) at = &(*at)->next;
    struct early *early = *at;
    if (!early) return false;
    *event = early->event;
    *at = early->next;
    free(early);
    return true;
}

void forget_early(void) {
    while (kept) {
        struct early *next = kept->next;
        free(kept);
        kept = next;
    }
}
