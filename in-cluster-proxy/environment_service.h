// The service stream "environment": the container's environment and files as a line of JSON, and
// another whole one whenever the files have changed.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "in-cluster-proxy/container_context.h"
#include "net/byte_stream.h"
#include "net/loop.h"
#include "net/timer.h"

namespace ferry::proxy {

class EnvironmentService {
 public:
  // `environment`: "NAME=value". Files are looked at every `poll`, as long as somebody listens.
  EnvironmentService(net::Loop& loop, std::vector<std::string> environment,
                     std::vector<std::string> mounts, Duration poll);
  ~EnvironmentService();

  // What a stream of this service is joined to. Ends when its reader does, or when four others have
  // come after it. The service must outlive it.
  std::unique_ptr<net::ByteStream> open();

 private:
  class Reader;

  void look();

  net::Loop& loop_;
  const std::vector<std::string> environment_;
  const std::vector<std::string> mounts_;
  const Duration poll_;
  net::Timer timer_;
  TimePoint looked_at_{};
  MountedFiles mounted_;
  std::shared_ptr<const std::string> line_;  // none: nobody asked yet
  std::vector<Reader*> readers_;
};

}  // namespace ferry::proxy
