// Values are drawn within the rules of the language, so that every generated value must survive the round trip.
#include "tests/properties/profile/definitions_generator.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace dvipa::profile {
namespace {

using rc::gen::arbitrary;
using rc::gen::inRange;

// Of a unicast network: 1-126 or 128-223 for IPv4; neither mapped nor multicast for IPv6.
Address host_address(bool v4) {
  Address address;
  for (auto& byte : address.bytes) byte = *arbitrary<std::uint8_t>();
  if (v4) {
    const unsigned first = *rc::gen::suchThat(inRange(1U, 224U), [](unsigned each) { return each != 127; });
    return Address::v4(first << 24 | *inRange(0U, 1U << 24));
  }
  address.bytes[0] = static_cast<std::uint8_t>(*inRange(1, 0xff));
  return address;
}

PortSet any_ports() {
  std::set<unsigned> bounds = *rc::gen::container<std::set<unsigned>>(inRange(1U, 65536U));
  PortSet ports;
  unsigned free_from = 1;  // one further than the last range's neighbour: ranges are not adjacent
  for (auto each = bounds.begin(); each != bounds.end(); ++each) {
    if (*each < free_from) continue;
    const unsigned first = *each;
    unsigned last = first;
    if (*arbitrary<bool>() && std::next(each) != bounds.end()) last = *++each;
    ports.ranges.push_back({static_cast<Port>(first), static_cast<Port>(last)});
    free_from = last + 2;
  }
  return ports;
}

Distribution any_distribution() {
  Distribution distribution;
  distribution.method = *rc::gen::element(DistMethod::round_robin, DistMethod::weighted, DistMethod::base_wlm,
                                          DistMethod::weighted_active, DistMethod::hot_standby);
  distribution.ports = any_ports();
  distribution.cluster_ports = *arbitrary<bool>();
  distribution.content_routed = *arbitrary<bool>();
  if (*arbitrary<bool>()) distribution.affinity_s = static_cast<std::uint16_t>(*inRange(0U, 10'000U));
  const bool v4 = *arbitrary<bool>();
  std::set<Address> targets;
  for (unsigned left = *inRange(0U, 5U); left > 0; --left) targets.insert(host_address(v4));
  for (const Address& xcf : targets) {
    distribution.targets.xcf_addresses.push_back(xcf);
    if (distribution.method == DistMethod::weighted && *arbitrary<bool>())
      distribution.weights.push_back({xcf, static_cast<std::uint16_t>(*inRange(0U, 256U))});
  }
  return distribution;
}

DvipaDefinition any_dvipa(const Address& address) {
  DvipaDefinition definition;
  definition.dvipa = address;
  if (*arbitrary<bool>()) {
    definition.part = Part::primary;
    definition.prefix_bits = static_cast<std::uint8_t>(*inRange(1, address.is_v4() ? 33 : 129));
    definition.moveable = *rc::gen::element(Moveable::immediate, Moveable::when_idle);
    definition.cluster_ports = *arbitrary<bool>();
  } else {
    definition.part = Part::backup;
    definition.rank = static_cast<std::uint8_t>(*inRange(1U, rank_max + 1));
  }
  if (*arbitrary<bool>()) definition.distribution = any_distribution();
  return definition;
}

// The first 8 bits stay as drawn, so the network is one that hosts can be in.
RangeDefinition any_range() {
  RangeDefinition range;
  const bool v4 = *arbitrary<bool>();
  range.network = host_address(v4);
  range.prefix_bits = static_cast<std::uint8_t>(*inRange(8, v4 ? 33 : 129));
  for (unsigned bit = (v4 ? 96U : 0U) + range.prefix_bits; bit < 128; ++bit) {
    std::uint8_t& byte = range.network.bytes[bit / 8];
    byte = static_cast<std::uint8_t>(byte & ~(0x80U >> (bit % 8)));
  }
  range.moveable = *rc::gen::element(Moveable::nondisruptive, Moveable::disruptive);
  range.cluster_ports = *arbitrary<bool>();
  return range;
}

Definitions definitions() {
  std::map<Address, DvipaDefinition> dvipas;
  for (unsigned left = *inRange(0U, 12U); left > 0; --left) {
    const Address address = host_address(*arbitrary<bool>());
    dvipas[address] = any_dvipa(address);
  }
  std::map<std::pair<Address, std::uint8_t>, RangeDefinition> ranges;
  for (unsigned left = *inRange(0U, 4U); left > 0; --left) {
    const RangeDefinition range = any_range();
    ranges[{range.network, range.prefix_bits}] = range;
  }
  Definitions all;
  for (auto& [address, definition] : dvipas) all.dvipas.push_back(std::move(definition));
  for (auto& [key, range] : ranges) all.ranges.push_back(range);
  std::map<std::string, Address> sources;
  for (unsigned left = *inRange(0U, 4U); left > 0; --left)
    sources["job" + std::to_string(*inRange(0U, 20U)) + (*arbitrary<bool>() ? "*" : "")] =
        host_address(*arbitrary<bool>());
  for (auto& [job, source] : sources) all.sources.push_back({job, source});
  return all;
}

}  // namespace

rc::Gen<Definitions> any_definitions() { return rc::gen::exec(definitions); }

}  // namespace dvipa::profile
