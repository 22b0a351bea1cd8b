/* The tables of lines and calls; all with the lock held. What is not found is NULL. */
#ifndef SIPTAPI_LINES_AND_CALLS_H
#define SIPTAPI_LINES_AND_CALLS_H

#include "provider.h"

struct line *find_line(DWORD handle);
struct line *find_line_by_name(const char *name);
struct line *find_line_by_device(DWORD device_id);
struct line *add_line(const char *name);
/* Tell TAPI of a line that came after it counted them. */
void announce_line(struct line *line);
/* TAPI gave a line that it knows of its number. */
void number_line(struct line *line, DWORD device_id);
/* The line is there no more; TAPI is told. */
void take_line_away(struct line *line);
/* Frees what nobody can mean any more: the line is removed, closed, and has no calls. */
void free_line_if_unused(struct line *line);

struct call *find_call(DWORD handle);
struct call *find_call_by_id(const char *id);
struct call *add_call(struct line *line);
void free_call(struct call *call);
DWORD count_calls(const struct line *line);

struct line_facts facts_of_line(const struct line *line);
struct call_facts facts_of_call(const struct call *call);

#endif
