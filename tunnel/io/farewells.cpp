#include "tunnel/io/farewells.h"

#include <algorithm>
#include <utility>

#include "net/timer.h"

namespace ferry::tunnel {
namespace {

constexpr Duration kPatience = std::chrono::seconds(2);
constexpr std::size_t kMost = 16;  // the oldest goes

}  // namespace

class Farewells::Leaving final : public net::Disposable, private CarrierSink {
 public:
  Leaving(Farewells& all, std::unique_ptr<Carrier> carrier)
      : all_(all), carrier_(std::move(carrier)), late_(all.loop_, [this] { all_.drop(*this); }) {
    late_.start(kPatience);
    carrier_->set_sink(*this);
    carrier_->stream().shutdown();
  }
  void retire() override {
    late_.stop();
    carrier_->retire();
  }

 private:
  void on_carrier_bytes(Bytes) override {}
  void on_carrier_drained() override {}
  void on_carrier_closed(Status) override { all_.drop(*this); }

  Farewells& all_;
  std::unique_ptr<Carrier> carrier_;
  net::Timer late_;
};

Farewells::Farewells(net::Loop& loop) : loop_(loop) {}
Farewells::~Farewells() {
  for (auto& leaving : leaving_) loop_.delete_later(std::move(leaving));
}

void Farewells::take(std::unique_ptr<Carrier> carrier) {
  if (leaving_.size() == kMost) drop(*leaving_.front());
  leaving_.push_back(std::make_unique<Leaving>(*this, std::move(carrier)));
}

void Farewells::drop(Leaving& leaving) {
  const auto found = std::find_if(leaving_.begin(), leaving_.end(),
                                  [&](const auto& one) { return one.get() == &leaving; });
  loop_.delete_later(std::move(*found));
  leaving_.erase(found);
}

}  // namespace ferry::tunnel
