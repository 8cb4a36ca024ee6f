// Who can look into this process's memory, where its keys are, and what is left there of them.
#pragma once

#include <string>

#include "base/bytes.h"

namespace ferry {

// No core dump is written when the process crashes, and no other process of the same user can trace
// it or read its memory, environment and descriptors under /proc (PR_SET_DUMPABLE, prctl(2)); the
// system's administrator still can. Holds for what it forks, and ends where that executes another
// program: unlike a limit on the size of core dumps (RLIMIT_CORE), which a collector of dumps
// doesn't heed (core(5)) and which would be handed on to the programs that are run for the user.
void hide_memory();

// Takes it back, for developers.
void show_memory();

// Overwrites a secret that is not needed any more, whatever the optimizer thinks of that. A text is
// empty afterwards.
void wipe(MutableBytes secret);
void wipe(std::string& secret);

}  // namespace ferry
