#include "net/descriptors.h"

#include <sys/resource.h>

namespace ferry::net {

void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

bool is_spare_descriptor(int descriptor) {
  if (descriptor < 0) return true;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return false;
  return static_cast<rlim_t>(descriptor) + kSpareDescriptors >= limit.rlim_cur;
}

}  // namespace ferry::net
