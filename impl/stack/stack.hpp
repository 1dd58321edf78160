#pragma once
// One stack without its I/O: composes the roles of each DVIPA and routes packets. The same object runs live, in a
// deterministic world and under a model checker. A value: can be copied and compared.
#include <array>
#include <bitset>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "impl/roles/vip_owner.hpp"
#include "impl/roles/vip_target.hpp"
#include "impl/stack/effect.hpp"
#include "impl/stack/input.hpp"
#include "impl/stack/mutant.hpp"
#include "impl/tables/affinities.hpp"
#include "impl/tables/destination_port_table.hpp"
#include "impl/tables/routing_table.hpp"
#include "spec/vocabulary/definitions.hpp"
#include "spec/vocabulary/message.hpp"

namespace dvipa {

struct StackSettings {
  StackId self;
  std::vector<Address> xcf_addresses;  // of all configured members, ascending: StackId n is at n - 1
  std::uint32_t join_ms = 500;         // how long a starting stack waits for members to show up
  std::uint32_t list_limit_ms = 2000;
  std::uint32_t report_limit_ms = 2000;  // FLV-6
  std::uint32_t leave_limit_ms = 3000;
  std::uint32_t ageing_ms = 250;       // between two slices; a round has ageing_slices of them
  std::uint16_t ageing_rounds = 4;     // an entry unused for so many rounds is asked about (RTE-11)
  std::uint32_t frame_life_ms = 2000;  // no frame of a former owner is under way for longer (TGT-6)
  bool lists_to_concerned = false;     // a stack that a DVIPA does not concern hears only who owns it (LST-7)
  std::uint64_t hash_key = 0;          // secret when live
  Mutant mutant = Mutant::none;
  bool operator==(const StackSettings&) const = default;
};

// What is to be done with a packet.
struct Verdict {
  enum class Kind : std::uint8_t {
    to_target,     // send to the stack `stack`
    to_local,      // this stack is the target: into its own kernel (RTE-7)
    to_owner,      // send on to `stack`, which owns the DVIPA, as relayed (TKB-4)
    hold,          // keep it until effect::ReleaseHeld (FLV-5)
    drop,          // none of our business
    conventional,  // as if there were no distribution: the local kernel answers (RTE-3, RTE-5)
  } kind = Kind::drop;
  StackId stack;
  bool report = false;  // first give input::RouteReported to the stack
  bool operator==(const Verdict&) const = default;
};

class Stack {
 public:
  explicit Stack(StackSettings settings);

  // Takes one input; appends to `effects`.
  void step(Input input, Effects& effects);

  // The packet path: no allocation but for a new CRT entry, no virtual call, no I/O.
  Verdict route(const Segment& segment);
  // May be called some packets ahead of route(), so that the CRT's cache line is there in time.
  void prefetch(const Segment& segment) const;

  // One DVIPA as this stack sees it.
  struct Dvipa {
    Dvipa(StackId self, std::uint64_t hash_key) : owner(self), routes(hash_key), held_here(hash_key + 1) {}
    roles::VipOwner owner;
    roles::VipTarget target;
    tables::RoutingTable routes;             // CRT, while this stack owns or takes over
    tables::DestinationPortTable listeners;  // DPT, likewise
    // Connections that live on this host; one that this process has seen begin is `confirmed`.
    tables::RoutingTable held_here;
    tables::Affinities affinities;          // of what is routed here, or served here
    std::optional<DvipaDefinition> own;     // what this stack's profile says of it
    std::optional<Distribution> announced;  // of the stack that we report to, while it names us
    std::optional<Distribution> kept;       // the owner's, for the day of failure (LST-3)
    Epoch kept_epoch;                       // under which the owner used it, or had none
    // Weights that were set while running, on top of the distribution's (RTE-8).
    std::map<StackId, std::uint16_t> ordered_weights;
    StackId report_to;  // TGT-7
    Epoch report_epoch;
    Epoch owner_epoch;                         // of the owner, while another takes over from it
    std::bitset<256> awaiting;                 // stacks whose report is still to come
    bool report_missing = false;               // under this stack's claim: the limit of time was reached (FLV-6)
    bool knows_all = false;                    // all members have reported under this stack's claim
    std::bitset<256> forwarders;               // whose frames are let in
    std::map<StackId, std::uint32_t> deposed;  // former owners that live: refused until this tick of ageing
    struct Ended {
      std::uint32_t tick = 0;  // of ageing
      Remote remote;
      bool operator==(const Ended&) const = default;
    };
    std::map<StackId, std::set<Port>> told;  // listeners that members believe this stack to have
    // A stack that holds a connection which is routed to another one, as it says itself or as a former owner says of
    // it.
    struct Rival {
      StackId stack;
      bool first_hand = false;
      bool foretold = false;  // see tables::Route
      bool asked = false;     // the target is asked who has it; packets are held until it has answered
      bool operator==(const Rival&) const = default;
    };
    std::map<Remote, Rival> rivals;
    std::map<StackId, Incarnation> foretold;         // the newest life of a target that is named and not met (TKB-5)
    std::map<Remote, tables::Route> syns_under_way;  // perhaps, and not in the table; see Stack::purge_tables
    std::deque<Ended> ended_while_fresh;             // TERMCONN came within a frame's life of a SYN (RTE-6)
    std::optional<Epoch> asked_to_let_go;            // by this claim, and may not yet (MOV-6, TKB-2)
    bool by_bind = false;                            // `own` was made from a VIPARANGE (CFG-5)
    // What the profile says, while a stack to which the DVIPA has moved from here is the primary (MOV-2).
    std::optional<DvipaDefinition> displaced;
    // Owns it too, as the segment shows, where the bus does not reach it; this stack has given way (FLV-11).
    StackId rival;
    std::bitset<256> lost_while_owning;         // members that went from the view while this stack owned it
    std::uint32_t silence_until = 0;            // tick: until then a target that is not in the view may live
    std::map<Epoch, unsigned> looks_under_way;  // effects LookForConnections that are not answered yet
    bool looked = false;                        // the host has told what was there when this process began
    bool inherits = false;                      // and something was (RTE-13)
    bool report_open = false;                   // the end of this stack's report waits for a look at its connections
    bool address_held = false;                  // the host was told so
    bool address_usable = false;                // and has done it
    std::uint16_t holds_under_way = 0;          // effects HoldAddress that are not answered yet
    bool advertised = false;
    bool operator==(const Dvipa&) const = default;
  };
  const Dvipa* dvipa(const Address& address) const;
  const std::map<Address, Dvipa>& dvipas() const { return dvipas_; }
  // The distribution that this stack uses as owner: its own, else the stored one (LST-3).
  const Distribution* distribution_of(const Dvipa& dvipa) const;
  std::optional<Distribution> used_distribution(const Dvipa& dvipa) const;
  // By which the target gets new connections, 0-65535 (RTE-8).
  std::uint16_t weight_in_use(const Dvipa& dvipa, StackId target) const;
  bool settled() const;  // started, and every member of the view has sent its list
  StackId self() const { return settings_.self; }
  bool has(Mutant mutant) const { return settings_.mutant == mutant; }

  bool operator==(const Stack&) const = default;

  static constexpr unsigned ageing_slices = 64;
  static constexpr unsigned ageing_round_modulus = 1U << 12U;  // of Route::used_at
  static constexpr unsigned touched_at_modulus = 1U << 7U;     // of Route::touched_at

 private:
  friend struct StackProbe;

  // Finds a DVIPA for the packet path in constant time. Filled on demand; a copy of the stack starts with an empty one,
  // and it takes no part in comparison.
  class DvipaIndex {
   public:
    DvipaIndex() = default;
    DvipaIndex(const DvipaIndex&) {}
    DvipaIndex& operator=(const DvipaIndex&) {
      clear();
      return *this;
    }
    bool operator==(const DvipaIndex&) const { return true; }
    void clear() { slots_.clear(); }
    Dvipa* find(const Address& address, std::map<Address, Dvipa>& dvipas);

   private:
    struct Slot {
      Address address;
      Dvipa* dvipa = nullptr;
    };
    void fill(std::map<Address, Dvipa>& dvipas);
    static std::size_t place(const Address& address);
    std::vector<Slot> slots_;  // open addressing, a power of two, at most half full
  };

  // LST-4: of other members' lists no more is kept than who takes which part, and who owns what.
  struct MemberPart {
    Part part = Part::none;
    std::uint8_t rank = 0;
    bool operator==(const MemberPart&) const = default;
  };
  struct Member {
    Incarnation incarnation = 0;
    bool listed = false;
    bool leaving = false;
    std::uint16_t capacity = 0;  // 0: it has not said (RTE-8)
    std::map<Address, MemberPart> parts;
    std::map<Address, ListEntry> owning;    // what it says that it owns; as a claim what this stack has let go for it
    std::map<Address, ListEntry> claiming;  // what it says that it claims
    bool operator==(const Member&) const = default;
  };
  using Listeners = std::set<std::pair<Address, Port>>;  // local address (none = wildcard), port
  // What a TargetOrder::report_change is about.
  struct Change {
    std::optional<Port> port = std::nullopt;
    bool listening = false;  // as it counts for whom it is told
    const Listeners* listeners_before = nullptr;
    const std::vector<Remote>* opened = nullptr;
    const std::vector<Remote>* ended = nullptr;
  };

  // stack.cpp: inputs
  void take(const input::Started&);
  void take(const input::DefinitionsSet&);
  void take(const input::MemberUp&);
  void take(const input::MemberDown&);
  void forget_target(const Address& address, Dvipa& dvipa, StackId gone);
  void meet_target(Dvipa& dvipa, const input::MemberUp& up);
  void take(const input::Received&);
  void take(const input::ListenerChanged&);
  void take(const input::AddressHeld&);
  void take(const input::ConnectionsOpened&);
  void open_here(const Address& address, Dvipa& dvipa, const std::vector<Remote>& remotes, bool inherited);
  void take(const input::ConnectionsFound&);
  void take(const input::ConnectionAccepted&);
  void take(const input::ConnectionsEnded&);
  void take(const input::RouteReported&);
  void take(const input::TimerFired&);
  void take(const input::Resumed&);
  void take(const input::LeaveAsked&);
  void take(const input::ActivationAsked&);
  void take(const input::CapacityMeasured&);  // weights.cpp
  void take(const input::WeightOrdered&);     // weights.cpp
  void take(const input::RivalHeard&);        // rivals.cpp
  void take(const input::RivalSilent&);       // rivals.cpp

  // ownership.cpp: from lists and views to events of the owner role, and its orders
  void hear(StackId from, const VipaList& list);
  void hear(StackId from, const Leaving& leaving);
  void hear(StackId from, const TakeOver& take_over);
  void hear(StackId from, const Released& released);
  void note_owner(const Address& address, Dvipa& dvipa, StackId from, const ListEntry& entry);
  void note_claimant(const Address& address, Dvipa& dvipa, StackId from, const ListEntry& entry);
  void note_gone(const Address& address, Dvipa& dvipa, StackId gone);
  void lose_reportee(const Address& address, Dvipa& dvipa);
  void fall_back(const Address& address, Dvipa& dvipa);
  void leave(const Address& address, Dvipa& dvipa);
  void forget_own_claim(const Address& address, Dvipa& dvipa);
  void depose(Dvipa& dvipa, StackId former_owner);
  void evaluate_all();
  void evaluate(const Address& address, Dvipa& dvipa);
  int rank_key(const Address& address, StackId stack) const;
  bool outranks(const Address& address, StackId one, StackId other) const;
  StackId successor(const Address& address) const;
  bool in_view(StackId stack) const { return stack == settings_.self || members_.contains(stack); }
  template <class Event>
  void owner_event(const Address& address, Dvipa& dvipa, const Event& event);
  void carry_out(const Address& address, Dvipa& dvipa, roles::OwnerOrder order);
  void note_new_owner(const Address& address, StackId claimant);
  void purge_tables(const Address& address, Dvipa& dvipa);
  void serve_on(const Address& address, Dvipa& dvipa);
  void recall_syns(Dvipa& dvipa);
  void await_all(const Address& address, Dvipa& dvipa);
  void complete_if_reported(const Address& address, Dvipa& dvipa);
  void report_routes(const Address& address, Dvipa& dvipa, StackId to, Epoch epoch);
  std::bitset<256> wanted_forwarders(const Address& address, const Dvipa& dvipa) const;
  void follow_state(const Address& address, Dvipa& dvipa);
  void hold_address(const Address& address, Dvipa& dvipa, bool hold);
  void leave_if_free();
  VipaList complete_list() const;
  VipaList list_for(StackId to, const VipaList& complete) const;
  bool concerns(StackId member, const ListEntry& entry) const;
  std::optional<StoredDistribution> stored_of(const Dvipa& dvipa) const;
  bool is_at_a_loss(const Dvipa& dvipa, const ListEntry& owner) const;
  void keep_stored(const Address& address, Dvipa& dvipa, const StoredDistribution& stored);
  void send_list(StackId to);
  void send_list_to_all();

  // rivals.cpp: when the bus is cut, and the segment is not
  void note_lost(Dvipa& dvipa, const input::MemberDown& down);
  void await_silent(Dvipa& dvipa);
  void forget_strangers(const Address& address, Dvipa& dvipa);
  void give_way(const Address& address, Dvipa& dvipa);
  void settle_after_standstill();
  void hear(StackId from, const ListAsked&);

  // moves.cpp: DVIPAs that go from stack to stack
  void define(const Address& address, Dvipa& dvipa, const DvipaDefinition* definition);
  void take_part(const Address& address, Dvipa& dvipa);
  void redistribute(const Address& address, Dvipa& dvipa);
  void break_disrupted(const Address& address, Dvipa& dvipa);
  void give_up_primary(const Address& address, Dvipa& dvipa);
  bool is_move(const Address& address, StackId claimant) const;
  bool moves_when_idle(const Address& address, const Dvipa& dvipa) const;
  bool must_go_on(const Address& address, const Dvipa& dvipa) const;
  void let_go_if_free(const Address& address, Dvipa& dvipa);
  const RangeDefinition* range_of(const Address& address) const;
  const ListEntry* owner_entry(const Address& address, const Dvipa& dvipa) const;

  // reports.cpp: what a target tells
  void hear(StackId from, const Verify& verify);
  void report_to(const Address& address, Dvipa& dvipa, StackId announcer, Epoch epoch,
                 const std::optional<Distribution>& distribution, bool claiming);
  void report_beside(const Address& address, Dvipa& dvipa, const ListEntry& owner);
  std::optional<Distribution> named_by(const std::optional<Distribution>& distribution) const;
  template <class Event>
  void target_event(const Address& address, Dvipa& dvipa, const Event& event, const Change& change);
  void carry_out(const Address& address, Dvipa& dvipa, roles::TargetOrder order, const Change& change);
  void report_listeners(const Address& address, Dvipa& dvipa);
  std::set<Port> ports_listened_on(const Address& address, const std::optional<Distribution>& distribution) const;
  void report_connections(const Address& address, Dvipa& dvipa);
  void look_for_connections(const Address& address, Dvipa& dvipa, Epoch epoch);
  void report_news(const Address& address, Dvipa& dvipa, const Change& change);
  void name_held(const Address& address, const Dvipa& dvipa, StackId to, Epoch epoch, std::vector<Remote> remotes);
  void report_change(const Address& address, Dvipa& dvipa, const Change& change, StackId to, Epoch epoch);
  struct Hearer {
    Epoch epoch;
    std::optional<Distribution> distribution;  // that it uses
  };
  std::map<StackId, Hearer> hearers_of(const Address& address, const Dvipa& dvipa) const;
  bool listens(const Listeners& listeners, const Address& address, const std::optional<Distribution>& distribution,
               Port port) const;
  bool listens_here(const Address& address, Port port) const {
    return listeners_here_.contains({address, port}) || listeners_here_.contains({wildcard_of(address), port});
  }

  // entries.cpp: what the owner or a claimant makes of it
  void hear(StackId from, const SrvStat& srvstat);
  void hear(StackId from, const NewConn& newconn);
  void hear(StackId from, const TermConn& termconn);
  void hear(StackId from, const EndOfReport& end);
  void hear(StackId from, const NotHeld& not_held);
  bool speaks_to_me(const Dvipa& dvipa, Epoch epoch) const;
  static bool is_decided_by(const Dvipa& dvipa, StackId from);
  Dvipa* reported_dvipa(const Address& address, Epoch epoch);
  void end_left_over(const Address& address, const Dvipa& dvipa, StackId holder, std::vector<Remote> remotes);
  void abort_left_over(const TermConn& termconn);
  enum class Life : std::uint8_t { met, foretold, over };
  Life life_meant_by(Dvipa& dvipa, StackId from, const NewConn& newconn);
  static void forget_foretold(Dvipa& dvipa, StackId target);
  Incarnation life_of(const Dvipa& dvipa, const tables::Route& route) const;
  bool says_it_owns(StackId stack, const Address& address, Epoch epoch) const;
  // What one NEWCONN says of its connections.
  struct Naming {
    StackId target;
    bool first_hand = false;
    bool inherited = false;
    bool decides = false;   // it is the present owner's, to a claimant (TKB-5)
    bool foretold = false;  // see tables::Route
    bool confirms() const { return (first_hand && !inherited) || decides; }
  };
  bool enter(const Address& address, Dvipa& dvipa, const Remote& remote, const Naming& naming);
  bool compete(const Address& address, Dvipa& dvipa, const Remote& remote, Dvipa::Rival rival);
  void confirm(const Address& address, Dvipa& dvipa, const Remote& remote, tables::Route& route);
  bool is_undecided(const Dvipa& dvipa, const Remote& remote, const tables::Route& route) const;
  bool is_awaited(const Dvipa& dvipa, StackId stack) const;
  bool has_begun_here(const Dvipa& dvipa, const Remote& remote) const;
  void settle_rivals(Dvipa& dvipa, StackId reported);
  void drop_rival(const Address& address, Dvipa& dvipa, const Remote& remote, StackId stack);
  void lose_holder(const Address& address, Dvipa& dvipa, const Remote& remote, tables::Route& route);
  void forget_syn(Dvipa& dvipa, const Remote& remote, StackId target);
  void erase_route(const Address& address, Dvipa& dvipa, const Remote& remote);
  // All of them, or those of one stack.
  void forget_listeners(const Address& address, Dvipa& dvipa, StackId target = nobody);
  void set_listener(const Address& address, Dvipa& dvipa, StackId target, Port port, bool listening);
  void age_one_slice();
  void ask_about_doubtful(const Address& address, Dvipa& dvipa);
  bool is_fresh(const tables::Route& route) const;
  void touch(tables::Route& route) const;
  tables::Route new_route(StackId target) const;
  tables::Route new_route(const Dvipa::Rival& rival) const;
  std::uint32_t frame_life_ticks() const { return settings_.frame_life_ms / settings_.ageing_ms + 1; }

  // weights.cpp: what weighs where new connections go
  void hear(StackId from, const Capacity& capacity);
  void hear(StackId from, const Affinity& affinity);
  std::uint32_t capacity_of(StackId target) const;
  void weigh(Dvipa& dvipa);
  std::optional<Distribution> published(const Dvipa& dvipa) const;
  std::uint32_t affinity_ticks(const Dvipa& dvipa) const;
  StackId select(Dvipa& dvipa, const Distribution& distribution, const Remote& remote);
  void expire_affinities(Dvipa& dvipa);
  void report_affinities(const Address& address, const Dvipa& dvipa, StackId to, Epoch epoch);

  // route.cpp
  bool is_actual_target(const Dvipa& dvipa, const Segment& segment, StackId target) const;
  bool is_stranger(const tables::Route& route) const;
  bool is_of_former_owner(const Dvipa& dvipa, const tables::Route& route) const;
  Verdict route_new(Dvipa& dvipa, const Segment& segment);
  Verdict route_elsewhere(const Dvipa& dvipa, const Segment& segment);

  Dvipa& obtain(const Address& address);
  const Address& own_xcf() const { return settings_.xcf_addresses[settings_.self.value - 1U]; }
  template <class Kind>
  void emit(Kind&& kind) {
    effects_->emplace_back(std::forward<Kind>(kind));
  }

  StackSettings settings_;
  std::map<StackId, Member> members_;  // the view, without this stack
  std::map<Address, Dvipa> dvipas_;
  std::vector<RangeDefinition> ranges_;  // VIPARANGE
  Listeners listeners_here_;
  bool joined_ = false;         // the time to find members is over
  std::uint16_t capacity_ = 0;  // of this host; 0: not measured (RTE-8)
  bool stood_still_ = false;    // and waits for the lists that it has asked for (FLV-9)
  bool ready_ = false;
  bool leaving_ = false;
  bool left_ = false;
  Incarnation incarnation_ = 0;
  std::uint32_t ageing_tick_ = 0;
  std::uint16_t ageing_round_ = 0;
  std::uint16_t ageing_slice_ = 0;

  mutable DvipaIndex index_;
  Effects* effects_ = nullptr;  // only during step()
  StackId newcomer_;            // only during step()
};

}  // namespace dvipa
