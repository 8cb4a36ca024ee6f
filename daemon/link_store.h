// What the daemon has to remember over a restart or a crash, kept in a file: the detached links,
// and the swaps.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "daemon/control/api.h"

namespace ferry::daemon {

template <typename Spec>
struct Stored {
  std::string id;
  Spec spec;  // without an environment
};

// Spec: control::LinkSpec or control::SwapSpec.
template <typename Spec>
class SpecStore {
 public:
  explicit SpecStore(std::string path) : path_(std::move(path)) {}

  // Nothing where there is no file. Entries that don't parse (a newer version's, say) are left out
  // and logged. Errors: kIo; kInvalid when the file as a whole is no JSON array: then it is moved
  // aside (".bad"), so that the next save() doesn't destroy what somebody may want to mend.
  Result<std::vector<Stored<Spec>>> load() const;

  // As write_private_file(). Error: kIo.
  Status save(const std::vector<Stored<Spec>>& entries) const;

 private:
  Error set_aside(const std::string& why) const;

  const std::string path_;
};

using StoredLink = Stored<control::LinkSpec>;
using LinkStore = SpecStore<control::LinkSpec>;
using StoredSwap = Stored<control::SwapSpec>;
using SwapStore = SpecStore<control::SwapSpec>;

}  // namespace ferry::daemon
