#include "impl/wire/list_entry.hpp"

#include "impl/wire/well_formed.hpp"

namespace dvipa::wire {
namespace {

namespace entry_tag {
enum : std::uint16_t {
  dvipa = 1,
  prefix_bits = 2,
  part = 3,
  rank = 4,
  moveable = 5,
  cluster_ports = 6,
  distribution = 7,
  claim = 8,
  epoch = 9,
  stored_epoch = 10,
  stored_distribution = 11
};
constexpr unsigned mandatory = 1U << dvipa | 1U << prefix_bits | 1U << part | 1U << rank | 1U << moveable |
                               1U << cluster_ports | 1U << claim | 1U << epoch;
constexpr unsigned stored = 1U << stored_epoch | 1U << stored_distribution;  // both or none
}  // namespace entry_tag

namespace distribution_tag {
enum : std::uint16_t {
  method = 1,
  ports = 2,
  targets = 3,
  weights = 4,
  cluster_ports = 5,
  content_routed = 6,
  affinity_s = 7
};
constexpr unsigned mandatory =
    1U << method | 1U << ports | 1U << targets | 1U << weights | 1U << cluster_ports | 1U << content_routed;
}  // namespace distribution_tag

// Among others of its kind an address says its own length.
void write_sized_address(Writer& writer, const Address& address) {
  writer.u8(address.is_v4() ? 4 : 16);
  writer.address(address);
}
Address read_sized_address(Reader& reader) {
  const std::size_t length = reader.u8();
  return reader.address(length);
}

void write_distribution(Writer& writer, const Distribution& distribution) {
  using namespace distribution_tag;
  writer.element(method, [&] { writer.u8(static_cast<std::uint8_t>(distribution.method)); });
  writer.element(ports, [&] {
    for (const PortRange& range : distribution.ports.ranges) {
      writer.u16(range.first);
      writer.u16(range.last);
    }
  });
  writer.element(targets, [&] {
    for (const Address& xcf : distribution.targets.xcf_addresses) write_sized_address(writer, xcf);
  });
  writer.element(weights, [&] {
    for (const TargetWeight& each : distribution.weights) {
      write_sized_address(writer, each.xcf_address);
      writer.u16(each.weight);
    }
  });
  writer.element(cluster_ports, [&] { writer.flag(distribution.cluster_ports); });
  writer.element(content_routed, [&] { writer.flag(distribution.content_routed); });
  if (distribution.affinity_s != 0) writer.element(affinity_s, [&] { writer.u16(distribution.affinity_s); });
}

bool read_distribution_element(Reader& reader, std::uint16_t tag, Distribution& distribution) {
  using namespace distribution_tag;
  switch (tag) {
    case method:
      distribution.method = reader.one_of(DistMethod::round_robin, DistMethod::hot_standby);
      return true;
    case ports:
      while (reader.remaining() > 0) {
        const Port first = reader.u16();
        distribution.ports.ranges.push_back({first, reader.u16()});
      }
      return true;
    case targets:
      while (reader.remaining() > 0) distribution.targets.xcf_addresses.push_back(read_sized_address(reader));
      return true;
    case weights:
      while (reader.remaining() > 0) {
        const Address xcf = read_sized_address(reader);
        distribution.weights.push_back({xcf, reader.u16()});
      }
      return true;
    case cluster_ports:
      distribution.cluster_ports = reader.flag();
      return true;
    case content_routed:
      distribution.content_routed = reader.flag();
      return true;
    case affinity_s: {
      const std::size_t place = reader.offset();
      distribution.affinity_s = reader.u16();
      if (distribution.affinity_s == 0) reader.fail_at(place, "affinity of no seconds");
      return true;
    }
    default:
      return false;
  }
}

Distribution read_distribution(Reader& reader) {
  const std::size_t place = reader.offset();
  Distribution distribution;
  unsigned seen = 0;
  reader.elements(0, [&](std::uint16_t tag, std::size_t) {
    const bool known = read_distribution_element(reader, tag, distribution);
    if (known) seen |= 1U << tag;
    return known;
  });
  if ((seen & distribution_tag::mandatory) != distribution_tag::mandatory)
    reader.fail_at(place, "distribution lacks an element");
  return distribution;
}

bool read_entry_element(Reader& reader, std::uint16_t tag, std::size_t length, ListEntry& entry) {
  DvipaDefinition& definition = entry.definition;
  switch (tag) {
    case entry_tag::dvipa:
      definition.dvipa = reader.address(length);
      return true;
    case entry_tag::prefix_bits:
      definition.prefix_bits = reader.u8();
      return true;
    case entry_tag::part:
      definition.part = reader.one_of(Part::none, Part::backup);
      return true;
    case entry_tag::rank:
      definition.rank = reader.u8();
      return true;
    case entry_tag::moveable:
      definition.moveable = reader.one_of(Moveable::immediate, Moveable::disruptive);
      return true;
    case entry_tag::cluster_ports:
      definition.cluster_ports = reader.flag();
      return true;
    case entry_tag::distribution:
      definition.distribution = read_distribution(reader);
      return true;
    case entry_tag::claim:
      entry.claim = reader.one_of(Claim::none, Claim::owning);
      return true;
    case entry_tag::epoch:
      entry.epoch = reader.epoch();
      return true;
    case entry_tag::stored_epoch:
      entry.stored.emplace().epoch = reader.epoch();
      return true;
    case entry_tag::stored_distribution:
      if (!entry.stored) entry.stored.emplace();
      entry.stored->distribution = read_distribution(reader);
      return true;
    default:
      return false;
  }
}

}  // namespace

void write_entry(Writer& writer, const ListEntry& entry) {
  const DvipaDefinition& definition = entry.definition;
  writer.element(entry_tag::dvipa, [&] { writer.address(definition.dvipa); });
  writer.element(entry_tag::prefix_bits, [&] { writer.u8(definition.prefix_bits); });
  writer.element(entry_tag::part, [&] { writer.u8(static_cast<std::uint8_t>(definition.part)); });
  writer.element(entry_tag::rank, [&] { writer.u8(definition.rank); });
  writer.element(entry_tag::moveable, [&] { writer.u8(static_cast<std::uint8_t>(definition.moveable)); });
  writer.element(entry_tag::cluster_ports, [&] { writer.flag(definition.cluster_ports); });
  if (definition.distribution)
    writer.element(entry_tag::distribution, [&] { write_distribution(writer, *definition.distribution); });
  writer.element(entry_tag::claim, [&] { writer.u8(static_cast<std::uint8_t>(entry.claim)); });
  writer.element(entry_tag::epoch, [&] { writer.epoch(entry.epoch); });
  if (!entry.stored) return;
  writer.element(entry_tag::stored_epoch, [&] { writer.epoch(entry.stored->epoch); });
  writer.element(entry_tag::stored_distribution, [&] { write_distribution(writer, entry.stored->distribution); });
}

ListEntry read_entry(Reader& reader) {
  const std::size_t place = reader.offset();
  ListEntry entry;
  unsigned seen = 0;
  reader.elements(0, [&](std::uint16_t tag, std::size_t length) {
    const bool known = read_entry_element(reader, tag, length, entry);
    if (known) seen |= 1U << tag;
    return known;
  });
  if ((seen & entry_tag::mandatory) != entry_tag::mandatory) reader.fail_at(place, "list entry lacks an element");
  if ((seen & entry_tag::stored) != 0 && (seen & entry_tag::stored) != entry_tag::stored)
    reader.fail_at(place, "half of a stored distribution");
  if (const std::string_view fault = fault_of(entry); !fault.empty()) reader.fail_at(place, fault);
  return entry;
}

}  // namespace dvipa::wire
