#pragma once
// PacketPort over libpcap: immediate mode, nonblocking. libpcap knows no vnet header, therefore this port tells from a
// received frame what its sender left undone (infer_offload), and does in software what is left when it sends.
#include "pcap/port/port.hpp"

namespace dvipa {

// Needs CAP_NET_RAW.
tl::expected<std::unique_ptr<PacketPort>, PortError> open_pcap_port(const std::string& interface);

}  // namespace dvipa
