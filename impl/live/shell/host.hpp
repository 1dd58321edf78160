#pragma once
// What a live stack holds of its host: the journal of changes, addresses, fence, packet port and TUN device.
#include <memory>
#include <set>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "impl/live/kernel/addresses.hpp"
#include "impl/live/kernel/fence.hpp"
#include "impl/live/kernel/journal.hpp"
#include "impl/live/kernel/neighbour_groups.hpp"
#include "impl/live/kernel/neighbours.hpp"
#include "impl/live/shell/shell.hpp"
#include "pcap/port/port.hpp"
#include "pcap/port/tun.hpp"

namespace dvipa {

class Host {
 public:
  // Undoes first what a killed predecessor left. `stack_name` names the journal.
  static tl::expected<std::unique_ptr<Host>, ShellError> open(const std::string& stack_name,
                                                              const ShellOptions& options);
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;
  ~Host();  // undoes what stands

  PacketPort& port() { return *port_; }
  TunDevice& tun() { return *tun_; }
  kernel::Fence& fence() { return *fence_; }
  kernel::NeighbourGroups& groups() { return *groups_; }
  kernel::Neighbours& neighbours() { return *neighbours_; }

  // The hidden address, and the fence before it (LST-2).
  kernel::Result<void> hold_address(const Address& dvipa, bool active);

  // Where this stack keeps what is to be found by others on this host: its journal, its control socket.
  std::filesystem::path state_directory() const { return journal_.path().parent_path(); }

  // What the predecessor had left, and what could not be undone, as text for the log.
  const std::vector<std::string>& leftovers() const { return leftovers_; }

 private:
  explicit Host(kernel::Journal journal) : journal_(std::move(journal)) {}
  tl::expected<void, ShellError> prepare(const ShellOptions& options);

  kernel::Journal journal_;
  std::optional<kernel::HiddenAddresses> addresses_;
  std::optional<kernel::Fence> fence_;
  std::unique_ptr<PacketPort> port_;
  std::optional<TunDevice> tun_;
  std::optional<kernel::NeighbourGroups> groups_;
  std::optional<kernel::Neighbours> neighbours_;
  std::vector<std::string> leftovers_;
};

}  // namespace dvipa
