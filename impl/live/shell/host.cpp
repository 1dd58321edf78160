#include "impl/live/shell/host.hpp"

#include <fmt/format.h>
#include <net/if.h>

#include "impl/live/control/control_place.hpp"
#include "impl/live/kernel/sysctl.hpp"
#include "pcap/port/pcap_port.hpp"
#include "pcap/port/raw_port.hpp"

namespace dvipa {
namespace {

ShellError error_of(const kernel::Failure& failure) { return {failure.what, failure.remedy, true}; }
ShellError error_of(const PortError& error) { return {error.message, "", true}; }

}  // namespace

tl::expected<std::unique_ptr<Host>, ShellError> Host::open(const std::string& stack_name, const ShellOptions& options) {
  if (if_nametoindex(options.interface.c_str()) == 0)
    return tl::unexpected(ShellError{fmt::format("there is no interface {}", options.interface),
                                     "name the one that the members share with --interface; `ip link` lists them",
                                     true});
  auto journal = kernel::Journal::open({stack_name, options.state_directory, control::runtime_directories().back()});
  if (!journal) return tl::unexpected(error_of(journal.error()));
  std::unique_ptr<Host> host(new Host(std::move(*journal)));
  for (const kernel::HostChange& change : host->journal_.standing())
    host->leftovers_.push_back("undo what an earlier process left: " + kernel::describe(change));
  for (const kernel::Failure& failure : kernel::undo_all(host->journal_))
    host->leftovers_.push_back(kernel::to_string(failure));
  if (auto prepared = host->prepare(options); !prepared) return tl::unexpected(prepared.error());
  return host;
}

tl::expected<void, ShellError> Host::prepare(const ShellOptions& options) {
  auto addresses = kernel::HiddenAddresses::open(journal_);
  if (!addresses) return tl::unexpected(error_of(addresses.error()));
  addresses_.emplace(std::move(*addresses));
  auto fence = kernel::Fence::open(journal_, options.interface);
  if (!fence) return tl::unexpected(error_of(fence.error()));
  fence_.emplace(std::move(*fence));
  auto port = options.use_pcap ? open_pcap_port(options.interface) : open_raw_port(options.interface);
  if (!port) return tl::unexpected(error_of(port.error()));
  port_ = std::move(*port);
  auto groups = kernel::NeighbourGroups::open(options.interface);
  if (!groups) return tl::unexpected(error_of(groups.error()));
  groups_.emplace(std::move(*groups));
  auto neighbours = kernel::Neighbours::open(options.interface);
  if (!neighbours) return tl::unexpected(error_of(neighbours.error()));
  neighbours_.emplace(std::move(*neighbours));
  if (auto noted = journal_.about_to(kernel::TunDeviceMade{options.tun_name}); !noted)
    return tl::unexpected(error_of(noted.error()));
  auto tun = TunDevice::open(options.tun_name);
  if (!tun) return tl::unexpected(error_of(tun.error()));
  tun_.emplace(std::move(*tun));
  for (const auto& sysctls :
       {kernel::sysctls_of_interface(options.interface), kernel::sysctls_of_delivery(options.tun_name)})
    if (auto set = kernel::set_sysctls(journal_, sysctls); !set) return tl::unexpected(error_of(set.error()));
  return {};
}

Host::~Host() {
  tun_.reset();
  port_.reset();
  fence_.reset();
  kernel::undo_all(journal_);
  journal_.close();
}

kernel::Result<void> Host::hold_address(const Address& dvipa, bool active) {
  if (active) {
    if (auto done = fence_->protect(dvipa); !done) return done;
    return addresses_->activate(dvipa);
  }
  if (auto done = addresses_->deactivate(dvipa); !done) return done;
  return fence_->unprotect(dvipa);
}

}  // namespace dvipa
