#pragma once
// The memory back-end, with its peer as the far end.
#include "pcap/port/memory_port.hpp"
#include "tests/live/port/port_under_test.hpp"
#include "tests/unit/packet/sample.hpp"

namespace dvipa::test {

class MemoryUnderTest final : public PortUnderTest {
 public:
  MemoryUnderTest() {
    MemoryPortOptions options;
    options.mac_b = sample::owner_mac;  // where the tests' frames go
    auto ports = open_memory_ports(options);
    port_ = std::move(ports.value().first);
    far_ = std::move(ports.value().second);
    EXPECT_TRUE(far_->set_filter(""));
  }
  PacketPort& port() override { return *port_; }
  void far_send(const Bytes& frame) override {
    Bytes copy = frame;
    const Frame outgoing{.bytes = copy};
    EXPECT_EQ(far_->send(std::span(&outgoing, 1)).value_or(0), 1U);
  }
  std::optional<Bytes> far_receive(const std::function<bool(const Bytes&)>& wanted) override {
    Frame frame;
    while (far_->receive(std::span(&frame, 1)).value_or(0) == 1) {
      const Bytes bytes(frame.bytes.begin(), frame.bytes.end());
      if (wanted(bytes)) return bytes;
    }
    return std::nullopt;
  }
  void remove_interface() override { far_.reset(); }

 private:
  std::unique_ptr<PacketPort> port_;
  std::unique_ptr<PacketPort> far_;
};

inline std::unique_ptr<PortUnderTest> open_memory_under_test() { return std::make_unique<MemoryUnderTest>(); }

}  // namespace dvipa::test
