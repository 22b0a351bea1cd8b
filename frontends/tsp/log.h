/* The DLL's log: a line for each thing that happened, with time and thread, where the registry
 * names a file. Tokens are never logged. */
#ifndef SIPTAPI_LOG_H
#define SIPTAPI_LOG_H

void log_open(void);
void log_close(void);
void log_line(const char *format, ...) __attribute__((format(__printf__, 1, 2)));

#endif
