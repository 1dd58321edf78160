#pragma once
// What the operator of a stack has decided on top of its profile, as data: which definitions are in force (CFG-7), and
// which listeners of this host are told to the core (MOV-7). No I/O.
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "impl/live/kernel/socket_watch.hpp"
#include "spec/vocabulary/definitions.hpp"
#include "spec/vocabulary/identity.hpp"

namespace dvipa {

class OperatorOrders {
 public:
  explicit OperatorOrders(Definitions definitions) : definitions_(std::move(definitions)) {}

  // As the profile says. An address that it no longer defines is no longer deactivated.
  const Definitions& definitions() const { return definitions_; }
  void set_definitions(Definitions definitions);
  // The definitions without what is deactivated: a stack has no part in that, as if its profile did not name it.
  Definitions in_force() const;

  const DvipaDefinition* find(const Address& dvipa) const;  // in the profile; null when it does not define it
  // CFG-6: the source address for outbound connections of this job, in the family; the longest name that fits counts.
  std::optional<Address> source_of(std::string_view job, bool v4) const;
  bool is_deactivated(const Address& dvipa) const { return deactivated_.contains(dvipa); }
  void deactivate(const Address& dvipa) { deactivated_.insert(dvipa); }
  void reactivate(const Address& dvipa) { deactivated_.erase(dvipa); }

  // Of a target of a DVIPA, on top of its distribution (RTE-8); none: as that says.
  void weigh(const Address& dvipa, StackId target, std::optional<std::uint16_t> weight);
  using Weights = std::map<std::pair<Address, StackId>, std::uint16_t>;
  const Weights& weights() const { return weights_; }

  // Of one port, or of all.
  void quiesce(std::optional<Port> port);
  // The opposite; of all ports: also those that were quiesced one by one.
  void resume(std::optional<Port> port);
  bool is_quiesced(Port port) const { return all_quiesced_ || quiesced_.contains(port); }
  bool quiesces_all() const { return all_quiesced_; }
  const std::set<Port>& quiesced_ports() const { return quiesced_; }

 private:
  Definitions definitions_;
  std::set<Address> deactivated_;
  Weights weights_;
  std::set<Port> quiesced_;
  bool all_quiesced_ = false;
};

// The listeners that there are, and those of them that the core has been told of.
class ListenersHere {
 public:
  void add(const kernel::Listener& listener) { there_.insert(listener); }
  void remove(const kernel::Listener& listener) { there_.erase(listener); }
  const std::set<kernel::Listener>& there() const { return there_; }

  struct Change {
    kernel::Listener listener;
    bool listening = false;
  };
  // What the core has to be told now, counted as told (TGT-1, TGT-2).
  std::vector<Change> untold(const OperatorOrders& orders);
  // The core knows nothing any more.
  void forget_told() { told_.clear(); }

 private:
  std::set<kernel::Listener> there_;
  std::set<kernel::Listener> told_;
};

}  // namespace dvipa
