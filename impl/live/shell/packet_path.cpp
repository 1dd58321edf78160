#include "impl/live/shell/packet_path.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>

#include "pcap/packet/rewrite.hpp"

namespace dvipa {

using Kind = Verdict::Kind;

PacketPath::PacketPath(Stack& stack, PacketPort& port, TunDevice& tun, Report report, Heard heard)
    : stack_(stack), port_(port), tun_(tun), report_(std::move(report)), heard_(std::move(heard)) {
  outgoing_.reserve(port_batch_max);
}

MacAddress PacketPath::relay_mac(MacAddress mac) {
  mac.bytes[0] ^= 0x02;
  return mac;
}

void PacketPath::set_member(StackId member, const MacAddress& mac) {
  std::erase_if(senders_, [&](const Sender& sender) { return sender.member == member; });
  senders_.push_back({mac, member, false});
  senders_.push_back({relay_mac(mac), member, true});
}

std::optional<MacAddress> PacketPath::mac_of(StackId member) const {
  for (const Sender& sender : senders_)
    if (sender.member == member && !sender.relays) return sender.mac;
  return std::nullopt;
}

// --- frames --------------------------------------------------------------------------------------------------------

tl::expected<bool, PortError> PacketPath::run(unsigned batches_max) {
  for (unsigned batch = 0; batch < batches_max; ++batch) {
    const auto count = port_.receive(received_);
    if (!count) return tl::unexpected(count.error());
    if (*count == 0) return false;
    // All are taken apart first, so that the lines of the CRT are on their way when the first is routed.
    for (std::size_t i = 0; i < *count; ++i) parsed_[i] = take_apart(received_[i]);
    for (std::size_t i = 0; i < *count; ++i)
      if (parsed_[i]) route(received_[i], *parsed_[i]);
    flush();
  }
  return true;
}

// Empty when the frame is done with: counted, or a neighbour's question that is answered.
std::optional<ParsedFrame> PacketPath::take_apart(const Frame& frame) {
  ++counters_.received;
  if (frame.truncated) {
    ++counters_.truncated;
    return std::nullopt;
  }
  auto parsed = parse_frame(frame.bytes);
  if (!parsed) {
    ++counters_.malformed;
    return std::nullopt;
  }
  if (parsed->network == NetworkProtocol::arp || parsed->protocol == protocol_icmpv6)
    if (note_announcement(frame, *parsed) || answer_neighbour(frame, *parsed)) return std::nullopt;
  if (parsed->network == NetworkProtocol::arp) return std::nullopt;
  for (const Sender& sender : senders_) {
    if (sender.mac != parsed->source_mac) continue;
    parsed->segment.forwarded_by = sender.member;
    parsed->segment.relayed = sender.relays;
  }
  stack_.prefetch(parsed->segment);
  return *parsed;
}

void PacketPath::route(const Frame& frame, const ParsedFrame& parsed) {
  if (parsed.segment.fragment) return route_fragment(frame, parsed);
  if (!parsed.segment.syn) return carry_out(stack_.route(parsed.segment), frame, parsed);
  const std::size_t known = routes_of(parsed.segment.connection.dvipa);
  const Verdict verdict = stack_.route(parsed.segment);
  if (routes_of(parsed.segment.connection.dvipa) > known) count_connection(parsed.segment.connection, verdict.stack);
  carry_out(verdict, frame, parsed);
}

// RTE-10
void PacketPath::route_fragment(const Frame& frame, const ParsedFrame& parsed) {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  const auto now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  const FragmentKey datagram = fragment_key(parsed);
  if (parsed.fragment == FragmentPart::later) {
    auto verdict = fragments_.find(datagram, frame, now_ms);
    if (!verdict || stack_.has(Mutant::forget_fragments)) {
      ++counters_.fragments_early;
      return;
    }
    verdict->report = false;  // that was said of the first
    return carry_out(*verdict, frame, parsed);
  }
  const Verdict verdict = stack_.route(parsed.segment);
  auto early = fragments_.learn(datagram, verdict, now_ms);
  carry_out(verdict, frame, parsed);
  flush();  // what follows is not in the port's memory
  for (Fragments::Early& each : early) {
    const Frame later{each.bytes, each.vnet, false, 0};
    if (const auto again = parse_frame(later.bytes)) route_fragment(later, *again);
    flush();
  }
}

std::size_t PacketPath::routes_of(const Address& address) const {
  const Stack::Dvipa* dvipa = stack_.dvipa(address);
  return dvipa == nullptr ? 0 : dvipa->routes.size();
}

void PacketPath::count_connection(const Connection& connection, StackId target) {
  ++totals_[connection.dvipa][{connection.remote.dvipa_port, target}];
}

StackId PacketPath::member_at(const MacAddress& mac) const {
  for (const Sender& sender : senders_)
    if (sender.mac == mac && !sender.relays) return sender.member;
  return nobody;
}

// FLV-11: another member tells everybody that it has one of this stack's DVIPAs, or answers the question who has.
bool PacketPath::note_announcement(const Frame& frame, const ParsedFrame& parsed) {
  auto said = neighbour_announcement_in(frame.bytes, parsed);
  const bool answers = parsed.network == NetworkProtocol::arp && !neighbour_question(frame.bytes, parsed);
  if (!said && answers) said = NeighbourAnnouncement{parsed.source, parsed.source_mac};
  if (!said) return false;
  if (const StackId member = member_at(said->mac)) heard_(said->address, member);
  return true;
}

bool PacketPath::answer_neighbour(const Frame& frame, const ParsedFrame& parsed) {
  const auto question = neighbour_question(frame.bytes, parsed);
  if (!question) return false;
  if (!advertised_.contains(question->target)) return true;
  NeighbourFrame answer = neighbour_answer(*question, port_.mac());
  const Frame out{answer.bytes(), {}, false, 0};
  if (port_.send({&out, 1}).value_or(0) == 1) ++counters_.neighbour_answers;
  return true;
}

void PacketPath::carry_out(const Verdict& verdict, const Frame& frame, const ParsedFrame& parsed) {
  if (verdict.report) report_(parsed.segment.connection, verdict.stack);
  switch (verdict.kind) {
    case Kind::to_target:
      ++counters_.to_target;
      forward(verdict, frame, parsed);
      break;
    case Kind::to_owner:
      ++counters_.to_owner;
      forward(verdict, frame, parsed);
      break;
    case Kind::to_local:
      ++counters_.to_local;
      tun_.deliver(frame, parsed);
      break;
    case Kind::conventional:
      ++counters_.conventional;
      tun_.deliver(frame, parsed);
      break;
    case Kind::hold:
      hold(frame, parsed);
      break;
    case Kind::drop:
      ++counters_.dropped;
      break;
  }
}

void PacketPath::forward(const Verdict& verdict, const Frame& frame, const ParsedFrame& parsed) {
  const auto mac = mac_of(verdict.stack);
  if (!mac) {
    ++counters_.unknown_member;
    return;
  }
  if (!decrement_ttl(frame.bytes, parsed)) {
    ++counters_.ttl_expired;
    return;
  }
  const MacAddress source = verdict.kind == Kind::to_owner ? relay_mac(port_.mac()) : port_.mac();
  rewrite_macs(frame.bytes, *mac, source);
  outgoing_.push_back(frame);
  if (outgoing_.size() == port_batch_max) flush();
}

void PacketPath::flush() {
  if (outgoing_.empty()) return;
  const auto sent = port_.send(outgoing_);
  counters_.not_sent += outgoing_.size() - sent.value_or(0);
  outgoing_.clear();
}

void PacketPath::hold(const Frame& frame, const ParsedFrame& parsed) {
  if (held_.size() >= held_frames_max || held_bytes_ + frame.bytes.size() > held_bytes_max) {
    ++counters_.held_overflow;
    return;
  }
  ++counters_.held;
  held_bytes_ += frame.bytes.size();
  held_.push_back({parsed.destination, {frame.bytes.begin(), frame.bytes.end()}, frame.vnet});
}

void PacketPath::release_held(const Address& dvipa) {
  std::deque<HeldFrame> waiting;
  waiting.swap(held_);
  held_bytes_ = 0;
  for (HeldFrame& frame : waiting) {
    if (frame.dvipa == dvipa) {
      --counters_.received;
      const Frame again{frame.bytes, frame.vnet, false, 0};
      if (const auto parsed = take_apart(again)) route(again, *parsed);
    } else {
      held_bytes_ += frame.bytes.size();
      held_.push_back(std::move(frame));
    }
  }
  flush();
}

// --- advertising ---------------------------------------------------------------------------------------------------

tl::expected<void, PortError> PacketPath::advertise(const Address& dvipa) {
  advertised_.insert(dvipa);
  auto followed = follow_stack();  // first be able to see what the announcement brings
  announce(dvipa);
  return followed;
}

void PacketPath::announce(const Address& dvipa) {
  NeighbourFrame announcement = neighbour_announcement(dvipa, port_.mac());
  const Frame out{announcement.bytes(), {}, false, 0};
  counters_.not_sent += 1 - port_.send({&out, 1}).value_or(0);
}

void PacketPath::announce_again() {
  for (const Address& dvipa : advertised_) announce(dvipa);
}

void PacketPath::ask_for(const Address& dvipa) {
  NeighbourFrame question = neighbour_request(dvipa, dvipa.is_v4() ? Address::v4(0) : Address{}, port_.mac());
  const Frame out{question.bytes(), {}, false, 0};
  counters_.not_sent += 1 - port_.send({&out, 1}).value_or(0);
}

void PacketPath::withdraw(const Address& dvipa) { advertised_.erase(dvipa); }

void PacketPath::forget_held(const Address& dvipa) {
  std::erase_if(held_, [&](const HeldFrame& frame) {
    if (frame.dvipa != dvipa) return false;
    held_bytes_ -= frame.bytes.size();
    return true;
  });
}

// --- what has to be seen -------------------------------------------------------------------------------------------

tl::expected<void, PortError> PacketPath::follow_stack() {
  std::string wanted = filter_expression();
  if (wanted == filter_) return {};
  if (auto set = port_.set_filter(wanted); !set) return set;
  filter_ = std::move(wanted);
  return {};
}

std::string PacketPath::filter_expression() const {
  std::vector<std::string> parts;
  for (const auto& [address, dvipa] : stack_.dvipas()) {
    const std::string part = filter_for(address, dvipa);
    if (!part.empty()) parts.push_back("(" + part + ")");
  }
  for (const Address& address : advertised_)
    if (address.is_v4()) parts.push_back(fmt::format("(arp dst host {})", to_string(address)));
  const auto is_v6 = [](const Address& each) { return !each.is_v4(); };
  bool any_v6 = std::any_of(advertised_.begin(), advertised_.end(), is_v6);
  for (const auto& [address, dvipa] : stack_.dvipas()) {
    if (!dvipa.rival) continue;
    if (address.is_v4()) parts.push_back(fmt::format("(arp src host {})", to_string(address)));
    any_v6 = any_v6 || is_v6(address);
  }
  if (any_v6) parts.emplace_back("(icmp6 and (ip6[40] = 135 or ip6[40] = 136))");
  return parts.empty() ? "less 0" : fmt::format("{}", fmt::join(parts, " or "));
}

// An owner sees all. Who may become owner sees what still comes to it (TKB-4), but not what its owner sends it as a
// target. A mere target sees only first segments that do not come from the stack it reports to (TGT-6).
std::string PacketPath::filter_for(const Address& address, const Stack::Dvipa& dvipa) const {
  const std::string packets = fmt::format("{} dst host {}", address.is_v4() ? "ip" : "ip6", to_string(address));
  if (dvipa.owner.owns()) return packets;
  const bool may_own = dvipa.owner.state() != roles::OwnerState::bystander;
  if (!may_own && !dvipa.target.holds_address()) return "";
  const auto reported_to = mac_of(dvipa.report_to);
  const std::string others =
      reported_to ? fmt::format("{} and not ether src {}", packets, to_string(*reported_to)) : packets;
  if (may_own) return others;
  return others + (address.is_v4() ? " and tcp[tcpflags] & (tcp-syn|tcp-ack) = tcp-syn"
                                   : " and ip6[6] = 6 and ip6[53] & 0x12 = 0x02");
}

}  // namespace dvipa
