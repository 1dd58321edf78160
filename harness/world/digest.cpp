// Of the tables and of a DVIPA as a stack has it.
#include "harness/world/digest.hpp"

namespace dvipa::world {

// By name: its parts are narrower than anything that can be referred to.
Digest& Digest::add(const tables::Route& route) {
  const auto [target, in_question, touched, touched_at, confirmed, ended, foretold, used_at] = route;
  return add(target).add(in_question | touched << 1U | confirmed << 2U | ended << 3U | touched_at << 4U |
                         used_at << 11U | foretold << 23U);
}

Digest& Digest::add(const tables::RoutingTable& table) {
  std::uint64_t sum = 0;
  table.for_each(
      [&](const Remote& remote, const tables::Route& route) { sum += Digest{}.add(remote).add(route).value(); });
  return add(table.size()).add(sum);
}

Digest& Digest::add(const Stack::Dvipa& dvipa) {
  const auto& [owner, target, routes, listeners, held_here, affinities, own, announced, kept, kept_epoch,
               ordered_weights, report_to, report_epoch, owner_epoch, awaiting, report_missing, knows_all, forwarders,
               deposed, told, rivals, foretold, syns_under_way, ended_while_fresh, asked_to_let_go, by_bind, displaced,
               rival, lost_while_owning, silence_until, looks_under_way, looked, inherits, report_open, address_held,
               address_usable, holds_under_way, advertised] = dvipa;
  return add(std::tie(owner, target, routes, listeners, held_here, affinities, own, announced, kept, kept_epoch,
                      ordered_weights, report_to, report_epoch, owner_epoch, awaiting, report_missing, knows_all,
                      forwarders, deposed, told, rivals, foretold, syns_under_way, ended_while_fresh, asked_to_let_go,
                      by_bind, displaced, rival, lost_while_owning, silence_until, looks_under_way, looked, inherits,
                      report_open, address_held, address_usable, holds_under_way, advertised));
}

}  // namespace dvipa::world
