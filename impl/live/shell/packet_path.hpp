#pragma once
// From the packet port to the stack's verdict and out again: forwarding, local delivery, holding, and answering for
// advertised addresses (RTE-2 to RTE-5, RTE-9, RTE-12, FLV-5).
#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "impl/live/shell/fragments.hpp"
#include "impl/stack/stack.hpp"
#include "pcap/packet/frame.hpp"
#include "pcap/packet/neighbour.hpp"
#include "pcap/port/port.hpp"
#include "pcap/port/tun.hpp"

namespace dvipa {

struct PacketCounters {
  std::uint64_t received = 0;
  std::uint64_t to_target = 0;
  std::uint64_t to_local = 0;
  std::uint64_t to_owner = 0;
  std::uint64_t conventional = 0;
  std::uint64_t held = 0;
  std::uint64_t held_overflow = 0;  // dropped because too much was held already
  std::uint64_t dropped = 0;        // by verdict
  std::uint64_t malformed = 0;      // frames that cannot be taken apart
  std::uint64_t truncated = 0;
  std::uint64_t ttl_expired = 0;
  std::uint64_t unknown_member = 0;  // to a member whose MAC is not known
  std::uint64_t not_sent = 0;
  std::uint64_t neighbour_answers = 0;
  std::uint64_t fragments_early = 0;  // later fragments that came before their first
};

using RoutedTotals = std::map<Address, std::map<std::pair<Port, StackId>, std::uint64_t>>;

class PacketPath {
 public:
  // What a frame may need before it is sent on: input::RouteReported.
  using Report = std::function<void(const Connection&, StackId target)>;

  // A member that says on the segment that it has the DVIPA (FLV-11).
  using Heard = std::function<void(const Address& dvipa, StackId member)>;

  PacketPath(Stack& stack, PacketPort& port, TunDevice& tun, Report report, Heard heard);

  // Takes what is waiting, at most `batches_max` batches; false when nothing more is there.
  tl::expected<bool, PortError> run(unsigned batches_max);

  // The member's frames come from this address from now on. Addresses of members that are down are kept: their late
  // frames must be told from those of the network.
  void set_member(StackId member, const MacAddress& mac);
  std::optional<MacAddress> mac_of(StackId member) const;

  // Answers for it from now on, and announces it once (RTE-2).
  tl::expected<void, PortError> advertise(const Address& dvipa);
  void announce_again();  // every advertised address
  void withdraw(const Address& dvipa);
  // Asks the segment who has it, from no address, so that no neighbour learns anything by the question.
  void ask_for(const Address& dvipa);
  void forget_held(const Address& dvipa);
  void forget_totals(const Address& dvipa) { totals_.erase(dvipa); }
  bool advertises(const Address& dvipa) const { return advertised_.contains(dvipa); }

  // Routes what was held for this DVIPA again (FLV-5).
  void release_held(const Address& dvipa);

  // Fits the port's filter to what the stack has to see now; does nothing when that is as before.
  tl::expected<void, PortError> follow_stack();

  const PacketCounters& counters() const { return counters_; }
  // Connections that were given a target, since this stack owns the DVIPA.
  const RoutedTotals& totals() const { return totals_; }

  // A relayed frame has this as its source: the sender's address with the locally-administered bit turned (TKB-4,
  // RTE-12).
  static MacAddress relay_mac(MacAddress mac);

  static constexpr std::size_t held_frames_max = 4096;
  static constexpr std::size_t held_bytes_max = std::size_t{32} << 20;

 private:
  struct Sender {
    MacAddress mac;
    StackId member;
    bool relays = false;
  };
  struct HeldFrame {
    Address dvipa;
    std::vector<std::uint8_t> bytes;
    VnetHeader vnet;
  };
  std::optional<ParsedFrame> take_apart(const Frame& frame);
  void route(const Frame& frame, const ParsedFrame& parsed);
  std::size_t routes_of(const Address& address) const;
  StackId member_at(const MacAddress& mac) const;
  void count_connection(const Connection& connection, StackId target);
  void route_fragment(const Frame& frame, const ParsedFrame& parsed);
  // True when the frame is such a question, and has been dealt with.
  bool note_announcement(const Frame& frame, const ParsedFrame& parsed);
  bool answer_neighbour(const Frame& frame, const ParsedFrame& parsed);
  void carry_out(const Verdict& verdict, const Frame& frame, const ParsedFrame& parsed);
  void forward(const Verdict& verdict, const Frame& frame, const ParsedFrame& parsed);
  void announce(const Address& dvipa);
  void hold(const Frame& frame, const ParsedFrame& parsed);
  void flush();
  std::string filter_expression() const;
  std::string filter_for(const Address& address, const Stack::Dvipa& dvipa) const;

  Stack& stack_;
  PacketPort& port_;
  TunDevice& tun_;
  Report report_;
  Heard heard_;
  std::vector<Sender> senders_;
  std::set<Address> advertised_;
  std::deque<HeldFrame> held_;
  std::size_t held_bytes_ = 0;
  std::array<Frame, port_batch_max> received_;
  std::array<std::optional<ParsedFrame>, port_batch_max> parsed_;
  std::vector<Frame> outgoing_;
  Fragments fragments_;
  std::string filter_ = "?";
  PacketCounters counters_;
  RoutedTotals totals_;
};

}  // namespace dvipa
