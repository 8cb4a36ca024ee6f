#include "kube/exec/run_remote.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "kube/exec/cancel_watch.h"
#include "kube/exec/descriptor_reader.h"
#include "kube/exec/descriptor_writer.h"
#include "kube/exec/problems.h"
#include "kube/exec/remote_streams.h"
#include "kube/resource.h"
#include "kube/websocket_dial.h"
#include "net/loop.h"
#include "net/signal.h"
#include "net/timer.h"

namespace ferry::exec {
namespace {

// Of our input, this much is on its way in the connection before more is read.
constexpr std::size_t kMostQueued = std::size_t{256} * 1024;

class Run final : private RemoteHandler {
 public:
  Run(const std::shared_ptr<kube::Credentials>& credentials, const RemoteCommand& command,
      const LocalEnd& local)
      : command_(command), local_(local), what_(describe(command)) {
    const char* subresource = command.attaches() ? "attach" : "exec";
    kube::WebSocketAsk ask{kube::path_of(kube::kPods, command.ns, command.pod, subresource),
                           query_of(command),
                           {kWithClose, kWithoutClose},
                           what_};
    dial_ = std::make_unique<kube::WebSocketDial>(
        loop_, credentials, std::move(ask), [this](Result<std::unique_ptr<net::WebSocket>> got) {
          if (!got) return end(fail(got.error()));
          begin(std::move(*got));
        });
    if (local.cancel != nullptr) cancel_.emplace(loop_, *local.cancel, [this] { on_cancel(); });
  }

  Result<int> go() {
    beat_.start(local_.beat);
    loop_.run();
    // First what was said: on a terminal that is no longer raw it would look different.
    if (output_) output_->finish();
    if (errors_) errors_->finish();
    if (local_.on_ended) local_.on_ended();
    return std::move(*outcome_);
  }

 private:
  void begin(std::unique_ptr<net::WebSocket> socket) {
    dial_.reset();
    output_.emplace(loop_, local_.output, writer_events(), local_.cancel);
    if (!command_.terminal) errors_.emplace(loop_, local_.errors, writer_events(), local_.cancel);
    streams_.emplace(loop_, std::move(socket), what_, static_cast<RemoteHandler&>(*this));
    if (local_.on_started) local_.on_started();
    if (command_.terminal && local_.terminal_size) watch_size();
    if (command_.input) {
      input_.emplace(loop_, local_.input, [this](Bytes bytes) { pass_on(bytes); });
    }
  }

  DescriptorWriter::Events writer_events() {
    return {[this] { streams_->resume(); }, [this](int error) { on_broken(error); }};
  }

  void watch_size() {
    auto watcher = net::SignalWatcher::create(loop_, {SIGWINCH}, [this](int) { tell_size(); });
    if (watcher) size_watcher_ = std::move(*watcher);
    tell_size();
  }

  void tell_size() {
    if (const auto size = local_.terminal_size()) streams_->resize(*size);
  }

  void pass_on(Bytes bytes) {
    if (bytes.empty()) {
      if (!streams_->end_input() && !command_.terminal) {
        local_.on_note("this API server can't tell the command that its input has ended");
      }
      return;
    }
    streams_->write(bytes);
    reading_ = streams_->queued() <= kMostQueued;
    if (reading_) input_->next();
  }

  std::size_t on_output(Channel channel, Bytes part) override {
    auto& writer = channel == Channel::kErrors && errors_ ? errors_ : output_;
    return writer->offer(part);
  }

  void on_written() override {
    if (reading_ || !input_ || streams_->queued() > kMostQueued) return;
    reading_ = true;
    input_->next();
  }

  void on_ended(Result<int> exit_code) override { end(std::move(exit_code)); }

  void on_broken(int error) {
    if (outcome_) return;
    streams_->reset();
    if (error == EPIPE) return end(128 + SIGPIPE);
    end(fail(problem::kOutputFailed, what_,
             std::string("what it says can't be written: ") + std::strerror(error), {}));
  }

  void beat() {
    if (streams_) streams_->beat();
    beat_.start(local_.beat);
  }

  void on_cancel() {
    if (outcome_) return;
    dial_.reset();
    if (streams_) streams_->reset();
    end(fail(kube::cancelled_error(what_)));
  }

  void end(Result<int> outcome) {
    if (!outcome_) outcome_.emplace(std::move(outcome));
    loop_.stop();
  }

  const RemoteCommand& command_;
  const LocalEnd& local_;
  const std::string what_;
  bool reading_ = true;  // input_ reads, or has given what isn't passed on yet
  std::optional<Result<int>> outcome_;
  net::Loop loop_;  // the others live on it
  // Keeps the loop going, too, while nobody reads what the command says.
  net::Timer beat_{loop_, [this] { beat(); }};
  std::unique_ptr<kube::WebSocketDial> dial_;
  std::unique_ptr<net::SignalWatcher> size_watcher_;
  std::optional<RemoteStreams> streams_;
  std::optional<DescriptorWriter> output_;
  std::optional<DescriptorWriter> errors_;
  std::optional<DescriptorReader> input_;
  std::optional<CancelWatch> cancel_;
};

}  // namespace

Result<int> run_remote(const std::shared_ptr<kube::Credentials>& credentials,
                       const RemoteCommand& command, const LocalEnd& local) {
  return Run(credentials, command, local).go();
}

}  // namespace ferry::exec
