#include "tests/properties/wire/message_generator.hpp"

#include <map>

namespace dvipa::wire::test {
namespace {

template <class T>
T any() {
  return *rc::gen::arbitrary<T>();
}
template <class T>
T between(T first, T last) {
  return static_cast<T>(*rc::gen::inRange<int>(static_cast<int>(first), static_cast<int>(last) + 1));
}

Address any_address() {
  if (any<bool>()) return Address::v4(any<std::uint32_t>());
  Address address;
  address.bytes = any<std::array<std::uint8_t, 16>>();
  return address;
}
Address any_dvipa() {
  const Address address = any_address();
  return address.is_none() ? Address::v4(1) : address;
}
Epoch any_epoch() { return {any<std::uint32_t>(), StackId{between<std::uint8_t>(0, stack_id_max)}}; }

std::size_t small_count() { return *rc::gen::inRange<std::size_t>(0, 6); }

std::vector<Remote> any_remotes() {
  std::vector<Remote> remotes(*rc::gen::inRange<std::size_t>(0, 40));
  for (Remote& remote : remotes) remote = {any_address(), any<std::uint16_t>(), any<std::uint16_t>()};
  return remotes;
}

Distribution any_distribution() {
  Distribution distribution;
  distribution.method = between(DistMethod::round_robin, DistMethod::hot_standby);
  unsigned next = *rc::gen::inRange<unsigned>(0, 1000);
  for (std::size_t i = small_count(); i > 0; --i) {
    const unsigned last = next + *rc::gen::inRange<unsigned>(0, 300);
    distribution.ports.ranges.push_back({static_cast<Port>(next), static_cast<Port>(last)});
    next = last + 2 + *rc::gen::inRange<unsigned>(0, 300);
  }
  std::map<Address, bool> targets;
  for (std::size_t i = small_count(); i > 0; --i) targets[any_address()] = true;
  for (const auto& [address, unused] : targets) distribution.targets.xcf_addresses.push_back(address);
  for (std::size_t i = small_count(); i > 0; --i)
    distribution.weights.push_back({any_address(), between<std::uint16_t>(0, 255)});
  distribution.cluster_ports = any<bool>();
  distribution.content_routed = any<bool>();
  distribution.affinity_s = any<bool>() ? between<std::uint16_t>(1, 9999) : std::uint16_t{0};
  return distribution;
}

ListEntry any_entry() {
  ListEntry entry;
  DvipaDefinition& definition = entry.definition;
  definition.dvipa = any_dvipa();
  definition.prefix_bits = between<std::uint8_t>(0, definition.dvipa.is_v4() ? 32 : 128);
  definition.part = between(Part::none, Part::backup);
  if (definition.part == Part::backup) definition.rank = between<std::uint8_t>(1, rank_max);
  definition.moveable = between(Moveable::immediate, Moveable::disruptive);
  definition.cluster_ports = any<bool>();
  if (any<bool>()) definition.distribution = any_distribution();
  entry.claim = between(Claim::none, Claim::owning);
  entry.epoch = any_epoch();
  if (any<bool>()) entry.stored = StoredDistribution{any_epoch(), any_distribution()};
  return entry;
}

VipaList any_list() {
  std::map<Address, ListEntry> entries;
  for (std::size_t i = small_count(); i > 0; --i) {
    const ListEntry entry = any_entry();
    entries[entry.definition.dvipa] = entry;
  }
  VipaList list;
  for (const auto& [address, entry] : entries) list.entries.push_back(entry);
  return list;
}

Message message_of_kind(std::size_t kind) {
  const Address dvipa = any_dvipa();
  const Epoch epoch = any_epoch();
  switch (kind) {
    case 0:
      return any_list();
    case 1:
      return SrvStat{dvipa, epoch, any<std::uint16_t>(), any<bool>()};
    case 2:
      return NewConn{dvipa,
                     epoch,
                     StackId{between<std::uint8_t>(0, stack_id_max)},
                     any_remotes(),
                     any<bool>() ? any<Incarnation>() : 0,
                     any<bool>()};
    case 3:
      return TermConn{dvipa, epoch, any_remotes()};
    case 4:
      return EndOfReport{dvipa, epoch};
    case 5:
      return TakeOver{dvipa, epoch};
    case 6:
      return Released{dvipa, epoch};
    case 7:
      return Verify{dvipa, epoch, any_remotes()};
    case 8:
      return NotHeld{dvipa, epoch, any_remotes()};
    case 9:
      return Leaving{};
    case 10:
      return Capacity{between<std::uint16_t>(1, 65535)};
    case 11:
      return ListAsked{};
    default:
      return Affinity{dvipa, epoch, StackId{between<std::uint8_t>(0, stack_id_max)}, any_remotes()};
  }
}

}  // namespace

rc::Gen<Message> any_message() {
  static_assert(std::variant_size_v<Message> == 13);
  return rc::gen::exec([] { return message_of_kind(*rc::gen::inRange<std::size_t>(0, 13)); });
}

}  // namespace dvipa::wire::test
