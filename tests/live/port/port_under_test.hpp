#pragma once
// A PacketPort with the far end of its wire, which the tests of the contract hold: one contract, several back-ends.
#include <gtest/gtest.h>
#include <poll.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pcap/port/port.hpp"

namespace dvipa::test {

using Bytes = std::vector<std::uint8_t>;
inline constexpr std::chrono::seconds wait_max{5};

class PortUnderTest {
 public:
  PortUnderTest() = default;
  PortUnderTest(const PortUnderTest&) = delete;
  PortUnderTest& operator=(const PortUnderTest&) = delete;
  virtual ~PortUnderTest() = default;

  virtual PacketPort& port() = 0;
  virtual void far_send(const Bytes& frame) = 0;
  // The next frame at the far end that `wanted` accepts; empty when none came in time.
  virtual std::optional<Bytes> far_receive(const std::function<bool(const Bytes&)>& wanted) = 0;
  virtual void remove_interface() = 0;

  // Frames from the port, until `count` have come or none has for wait_max.
  std::vector<Bytes> receive(std::size_t count);
  // What the port has to say when it has no frame: an error, or empty when it had none in time.
  std::optional<PortError> receive_error();
  // All frames that are there now.
  std::vector<Bytes> receive_present();
};

struct Backend {
  std::string name;
  std::function<std::unique_ptr<PortUnderTest>()> open;
};
inline void PrintTo(const Backend& backend, std::ostream* out) { *out << backend.name; }

class PortContract : public testing::TestWithParam<Backend> {};

}  // namespace dvipa::test
