// Restores what a stand-in replaced, with the rights of an account of its own: the same workflow
// that the daemon and `ferry restore` run.
#pragma once

#include <functional>
#include <string>
#include <thread>

#include "base/result.h"
#include "in-cluster-proxy/config.h"
#include "in-cluster-proxy/orphan_timer.h"
#include "kube/cancel.h"
#include "kube/cluster_config.h"
#include "net/loop.h"

namespace ferry::proxy {

class WorkloadRestore final : public OrphanRestore {
 public:
  // `stand_in`: with a `restore` target. `environment`: this pod's; KUBERNETES_SERVICE_HOST and
  // _PORT of it say where the API server is. `loop` must outlive it.
  WorkloadRestore(net::Loop& loop, const StandInConfig& stand_in,
                  const kube::Environment& environment);
  // Gives up an attempt that is under way; the next stand-in pod, or anybody, can finish it.
  ~WorkloadRestore() override;

  void start(std::function<void(Status)> done) override;

 private:
  Status run() const;

  net::Loop& loop_;
  const std::string id_;
  const RestoreTarget target_;
  const std::string credentials_;
  const kube::Environment environment_;
  kube::CancelToken cancel_;
  std::thread thread_;
};

}  // namespace ferry::proxy
