#pragma once
// Tells a command of the operator's choice which DVIPAs this stack advertises: for routing protocols, where the DVIPA
// is not on the clients' link (RTE-2).
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <string>

#include "impl/live/shell/host_worker.hpp"
#include "spec/vocabulary/address.hpp"

namespace dvipa {

class Advertiser {
 public:
  // Told of a command that fails: which, and how.
  using Complain = std::function<void(const std::string& command, const std::string& what)>;

  // `command` is a shell command; empty: there is none, and nothing is done. Runs `command reset` first, for what a
  // process that was killed had advertised.
  Advertiser(boost::asio::io_context& io, std::string command, Complain complain);

  // Runs `command advertise ADDRESS COUNTER`: the counter of the epoch of ownership is greater than that of every owner
  // before, so that the newest is preferred while an older one's route is still there.
  void advertise(const Address& dvipa, std::uint32_t counter);
  void withdraw(const Address& dvipa);  // `command withdraw ADDRESS`

 private:
  void run(const std::string& arguments);

  std::string command_;
  Complain complain_;
  HostWorker worker_;  // one command after the other; what was begun is finished before this object is gone
};

}  // namespace dvipa
