#pragma once
// A live back-end on one end of a veth pair, in a namespace of its own; a plain packet socket at the far end.
#include <net/if.h>
#include <netpacket/packet.h>
#include <sys/socket.h>

#include <functional>
#include <memory>

#include "tests/live/port/namespaces.hpp"
#include "tests/live/port/port_under_test.hpp"

namespace dvipa::test {

using OpenPort = std::function<tl::expected<std::unique_ptr<PacketPort>, PortError>(const std::string&)>;

class VethUnderTest final : public PortUnderTest {
 public:
  explicit VethUnderTest(const OpenPort& open);

  PacketPort& port() override { return *port_; }
  void far_send(const Bytes& frame) override;
  std::optional<Bytes> far_receive(const std::function<bool(const Bytes&)>& wanted) override;
  void remove_interface() override { far_.run("ip link delete far"); }
  const Namespace& near() const { return near_; }
  const Namespace& far() const { return far_; }

 private:
  Namespace near_;
  Namespace far_;
  Descriptor far_socket_;
  std::unique_ptr<PacketPort> port_;
};

// Every frame on an interface of a namespace, in and out.
Descriptor open_packet_socket(const Namespace& where, const std::string& interface);

}  // namespace dvipa::test
