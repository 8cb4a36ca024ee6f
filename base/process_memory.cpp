#include "base/process_memory.h"

#include <sys/prctl.h>

namespace ferry {

// With these arguments the call can't fail.
void hide_memory() { prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

void show_memory() { prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); }

}  // namespace ferry
