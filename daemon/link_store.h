// The detached links, kept in a file so that they come back after a restart or a crash.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "daemon/control/api.h"

namespace ferry::daemon {

struct StoredLink {
  std::string id;
  control::LinkSpec spec;  // as Link::spec(); without an environment
};

class LinkStore {
 public:
  explicit LinkStore(std::string path) : path_(std::move(path)) {}

  // Nothing where there is no file. Entries that don't parse (a newer version's, say) are left out
  // and logged. Errors: kIo, kInvalid when the file as a whole is no JSON array.
  Result<std::vector<StoredLink>> load() const;

  // Replaces the file in one step, mode 0600: a crash of the daemon leaves the old or the new one.
  // It doesn't wait for the disk, since the event loop calls it. Error: kIo.
  Status save(const std::vector<StoredLink>& links) const;

 private:
  const std::string path_;
};

}  // namespace ferry::daemon
