#pragma once
// What must hold of a world: safety at every step, and what must be true at rest. Each exception that the fault model
// makes is written where it is made.
#include "harness/world/world.hpp"

namespace dvipa::world {

class Judge {
 public:
  explicit Judge(World& world) : world_(world) {}

  // safety: judge.cpp
  bool is_unmatched(StackId router, const Connection& connection) const;
  // The router had no entry for the SYN, and this is its verdict (RTE-5).
  void new_connection(StackId router, const Packet& packet, const Verdict& verdict);
  // The stack says that an application of its host listens on the DVIPA (LST-2, TGT-1).
  void listener_reported(StackId target, const Address& dvipa);
  // A SYN is about to go to a target (see ClientConnection::contested).
  void note_contest(StackId router, const Packet& packet, const Verdict& verdict);
  // A frame from `forwarder` has been kept out by the fence of the host.
  void refused(StackId host, const Packet& packet, StackId forwarder);
  // The router does not know of the owner that the packet's own stack follows: they have not met, or have not heard
  // each other's lists yet.
  bool is_unaware(StackId router, const Packet& packet) const;
  // A packet is about to be taken by a kernel (RTE-4, FLV-4, FLV-5, TKB-6).
  void delivered(StackId host, const Packet& packet, StackId router);
  // A SYN is about to make an endpoint.
  void accepted(StackId host, const Packet& packet, StackId router);
  // Another stack than `owner` owns the DVIPA as well: they do not see each other.
  bool has_unseen_owner(StackId router, const Address& dvipa) const;
  bool has_other_owner(StackId owner, const Address& dvipa) const;
  void ownership_changed(StackId stack, const effect::OwnershipChanged& changed);  // FLV-1
  void after_step();                                                               // RTE-2

  // of addresses that move: moves.cpp
  bool is_settled(const Address& dvipa) const;
  // The stack has said whether it can have it: what an application or its operator asked for (CFG-5, MOV-6).
  void answered(StackId stack, const Address& dvipa, bool by_operator);
  void broken(StackId stack, const Address& dvipa);  // MOV-6

  // at rest: rest.cpp
  void at_rest();

  // What an application of `target` that listens is worth to `router` (TGT-1).
  static bool counts_as_listener(const Host& target, const Distribution& distribution, const Address& dvipa, Port port);

 private:
  bool told_all(StackId one, StackId other) const;
  bool could_know_listener(StackId router, StackId target, const Connection& connection) const;
  bool could_miss_listener(StackId router, StackId target, const Address& dvipa) const;
  bool went_on_without(StackId router, StackId target, const Address& dvipa) const;
  bool is_awaited(StackId router, StackId target, const Address& dvipa) const;
  bool has_unseen_end(StackId router, StackId target, std::uint32_t connection) const;
  bool has_gone_over(StackId target, const Address& dvipa, StackId router) const;
  void one_advertiser(const Address& dvipa, StackId one, StackId other);

  void rest_of(const Address& dvipa);
  StackId owner_at_rest(const Address& dvipa);
  void moved_at_rest(const Address& dvipa, StackId owner);  // moves.cpp
  bool candidates_agree(const Address& dvipa, StackId owner);
  void tables_at_rest(const Address& dvipa, StackId owner);
  void listeners_at_rest(const Address& dvipa, StackId owner);
  void routes_at_rest(const Address& dvipa, StackId owner);
  void hidden_at_rest(const Address& dvipa, StackId owner);
  void connections_at_rest();

  World& world_;
};

}  // namespace dvipa::world
