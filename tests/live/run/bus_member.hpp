#pragma once
// A member of the group that is this test: it speaks the bus's protocol and nothing else.
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "impl/live/bus/bus.hpp"
#include "impl/live/cluster.hpp"
#include "tests/live/run/stacks.hpp"

namespace dvipa::test {

class BusMember : public bus::BusEvents {
 public:
  // Member `self`, on its host of the lab.
  BusMember(lab::Lab& lab, const Cluster& cluster, StackId self) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto opened = lab.within("MVS" + std::to_string(self.value), [&] {
      auto bus = bus::Bus::open(io_, cluster, self, static_cast<Incarnation>(now.count()),
                                {2, 0, 10, 77, 0, self.value}, *this);
      if (bus) bus_.emplace(std::move(*bus));
    });
    EXPECT_TRUE(opened && bus_);
  }
  void on_member_up(StackId member, Incarnation, const bus::MacAddress&) override { bus_->send(member, VipaList{}); }
  void on_member_down(StackId, bus::DownReason) override {}
  void on_paused(std::uint64_t) override {}

  bool run_until(const std::function<bool()>& condition, std::chrono::seconds limit = std::chrono::seconds(20)) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      io_.restart();
      io_.run_one_for(std::chrono::milliseconds(20));
    }
    return true;
  }
  bool hears_of(StackId member) const { return bus_->is_up(member); }
  void send(StackId member, const Message& message) { bus_->send(member, message); }

 private:
  boost::asio::io_context io_;
  std::optional<bus::Bus> bus_;
};

}  // namespace dvipa::test
