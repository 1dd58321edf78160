#pragma once
// Timed affinity of one DVIPA: which target a client's next connection to a port is to go to, although its last one has
// ended (TIMEDAFFINITY, RTE-8).
#include <cstddef>
#include <cstdint>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "spec/vocabulary/connection.hpp"
#include "spec/vocabulary/identity.hpp"

namespace dvipa::tables {

class Affinities {
 public:
  // Ordered, not hashed: clients choose the keys. Beyond so many clients a new one has no affinity.
  static constexpr std::size_t size_max = 1'000'000;

  // The client of `remote` has a connection with `target` at `tick` of ageing.
  void note(const Remote& remote, StackId target, std::uint32_t tick) {
    const Key key{remote.client, remote.dvipa_port};
    if (const auto at = targets_.find(key); at != targets_.end()) {
      at->second = {target, tick};
    } else if (targets_.size() < size_max) {
      targets_.emplace(key, Affinity{target, tick});
    }
  }
  // As note(), but only for a client that has an affinity to `target` already, or to nobody.
  void refresh(const Remote& remote, StackId target, std::uint32_t tick) {
    const StackId known = find(remote);
    if (!known || known == target) note(remote, target, tick);
  }
  StackId find(const Remote& remote) const {
    const auto at = targets_.find({remote.client, remote.dvipa_port});
    return at == targets_.end() ? nobody : at->second.target;
  }
  // Looks at a part of them; after `slices` calls all have been looked at, and what is older than `ticks` is gone.
  void expire_slice(unsigned slices, std::uint32_t now, std::uint32_t ticks) {
    auto at = targets_.upper_bound(looked_at_);
    if (at == targets_.end()) at = targets_.begin();
    for (std::size_t left = targets_.size() / slices + 1; left > 0 && at != targets_.end(); --left) {
      looked_at_ = at->first;
      at = now - at->second.tick > ticks ? targets_.erase(at) : std::next(at);
    }
    if (at == targets_.end()) looked_at_ = {};
  }
  void clear() { targets_.clear(); }
  // All but those to `target`.
  void keep_only(StackId target) {
    std::erase_if(targets_, [&](const auto& each) { return each.second.target != target; });
  }
  std::size_t size() const { return targets_.size(); }

  // Each client as a Remote without a port of its own, by target.
  std::map<StackId, std::vector<Remote>> by_target() const {
    std::map<StackId, std::vector<Remote>> found;
    for (const auto& [key, affinity] : targets_) found[affinity.target].push_back({key.first, 0, key.second});
    return found;
  }

  bool operator==(const Affinities&) const = default;
  auto fields() const { return std::tie(targets_, looked_at_); }

 private:
  using Key = std::pair<Address, Port>;
  struct Affinity {
    StackId target;
    std::uint32_t tick = 0;
    bool operator==(const Affinity&) const = default;
  };
  std::map<Key, Affinity> targets_;
  Key looked_at_;
};

}  // namespace dvipa::tables
