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
  // and logged. Errors: kIo; kInvalid when the file as a whole is no JSON array: then it is moved
  // aside
  // (".bad"), so that the next save() doesn't destroy what somebody may want to mend.
  Result<std::vector<StoredLink>> load() const;

  // As write_private_file(). Error: kIo.
  Status save(const std::vector<StoredLink>& links) const;

 private:
  Error set_aside(const std::string& why) const;

  const std::string path_;
};

}  // namespace ferry::daemon
