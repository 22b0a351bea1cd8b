/* windows.h has it all */
#include <windows.h>
