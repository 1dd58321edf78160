#pragma once
// A stack that owns a DVIPA and is one of its targets, beside one other member that listens too.
#include <map>

#include "impl/live/shell/displays.hpp"

namespace dvipa::test {

inline const Address dva1 = *parse_address("10.77.1.1");
inline Address xcf(unsigned n) { return Address::v4(0x0a4d0000U + n); }
inline Remote client(Port port) { return {*parse_address("10.77.0.100"), port, 60}; }

class SmallStack {
 public:
  SmallStack() : orders(definitions()), stack(settings()) {
    for (unsigned n = 1; n <= 3; ++n)
      cluster.members.push_back({"MVS" + std::to_string(n), xcf(n), 7400, StackId{static_cast<std::uint8_t>(n)}});
    give(input::DefinitionsSet{definitions()});
    give(input::Started{});
    give(input::MemberUp{StackId{2}, 1});
    give(input::Received{StackId{2}, VipaList{}});
    give(input::ListenerChanged{Address::v4(0), 60, true});
    give(input::TimerFired{{Timer::Kind::join, {}}});
    give(input::AddressHeld{dva1, true});
    const Epoch epoch = stack.dvipa(dva1)->owner.facts.mine;
    give(input::Received{StackId{2}, SrvStat{dva1, epoch, 60, true}});
    give(input::Received{StackId{2}, NewConn{dva1, epoch, StackId{2}, {client(1000), client(1001)}}});
    for (const StackId each : {StackId{1}, StackId{2}}) give(input::Received{each, EndOfReport{dva1, epoch}});
  }

  static Definitions definitions() {
    DvipaDefinition definition;
    definition.dvipa = dva1;
    definition.prefix_bits = 24;
    definition.part = Part::primary;
    definition.distribution.emplace();
    definition.distribution->ports.ranges = {{60, 60}};
    return {{definition}, {}};
  }
  static StackSettings settings() {
    StackSettings settings;
    settings.self = StackId{1};
    settings.xcf_addresses = {xcf(1), xcf(2), xcf(3)};
    return settings;
  }
  void give(Input input) {
    Effects effects;
    stack.step(std::move(input), effects);
  }
  StackView view() const { return {stack, cluster, orders, notes, totals}; }
  nlohmann::ordered_json rows(request::Report report, bool detail = false, std::size_t rows_max = 1000) const {
    return display(view(), {report, detail, rows_max}).at("rows");
  }

  Cluster cluster;
  OperatorOrders orders;
  Stack stack;
  std::map<Address, OwnershipNote> notes;
  RoutedTotals totals;
};

}  // namespace dvipa::test
