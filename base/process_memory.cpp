#include "base/process_memory.h"

#include <sys/prctl.h>

#include <cstring>

namespace ferry {

// With these arguments the call can't fail.
void hide_memory() { prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

void show_memory() { prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); }

void wipe(MutableBytes secret) { explicit_bzero(secret.data(), secret.size()); }

void wipe(std::string& secret) {
  explicit_bzero(secret.data(), secret.size());
  secret.clear();
}

}  // namespace ferry
