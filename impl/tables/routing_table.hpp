#pragma once
// The current routing table (CRT) of one DVIPA: connection -> target (F Fig 7, RTE-3, RTE-4).
//
// Open addressing over buckets of one cache line each. A lookup hashes the key to its home bucket and compares the keys
// there; only when the home bucket was once full (its overflow count says so) does it go on to the next line. An IPv4
// connection costs 20 to 31 bytes at rest. No allocation on lookup or removal. The iteration order depends on the hash
// key alone, never on addresses of memory or on time.
#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <vector>

#include "impl/tables/huge_pages.hpp"
#include "spec/vocabulary/connection.hpp"

namespace dvipa::tables {

// What the table knows of a connection besides its key.
struct Route {
  StackId target;
  // The target has been asked whether it still holds the connection, and nothing was routed since (RTE-11).
  std::uint32_t in_question : 1 = 0;
  // A SYN made the entry or hit it, or a report named it, at `touched_at`: see Stack::is_fresh (RTE-6).
  std::uint32_t touched : 1 = 0;
  std::uint32_t touched_at : 7 = 0;  // in ticks of ageing, modulo 2^7
  // The target has said itself that it holds the connection, or the entry was made here, since the reports were last
  // asked for (RTE-6).
  std::uint32_t confirmed : 1 = 0;
  // The target has said that it holds the connection no longer, and no SYN was routed since; the entry is kept for one
  // that may be under way (RTE-6).
  std::uint32_t ended : 1 = 0;
  // It is of a life of its target that this stack has yet to meet (TKB-5).
  std::uint32_t foretold : 1 = 0;
  std::uint32_t used_at : 12 = 0;  // in rounds of ageing, modulo 2^12
  bool operator==(const Route&) const = default;
};
static_assert(sizeof(Route) == 4);

struct KeyV4 {
  std::uint64_t packed = 0;  // client address, client port, DVIPA port
  bool operator==(const KeyV4&) const = default;
};
struct KeyV6 {
  std::uint32_t words[5] = {};
  bool operator==(const KeyV6&) const = default;
};

inline KeyV4 key_v4(const Remote& remote) {
  return {std::uint64_t{remote.client.v4_value()} << 32 | std::uint64_t{remote.client_port} << 16 | remote.dvipa_port};
}
inline Remote remote_of(const KeyV4& key) {
  return {Address::v4(static_cast<std::uint32_t>(key.packed >> 32)), static_cast<Port>(key.packed >> 16),
          static_cast<Port>(key.packed)};
}
inline KeyV6 key_v6(const Remote& remote) {
  KeyV6 key;
  std::memcpy(key.words, remote.client.bytes.data(), 16);
  key.words[4] = std::uint32_t{remote.client_port} << 16 | remote.dvipa_port;
  return key;
}
inline Remote remote_of(const KeyV6& key) {
  Remote remote;
  std::memcpy(remote.client.bytes.data(), key.words, 16);
  remote.client_port = static_cast<Port>(key.words[4] >> 16);
  remote.dvipa_port = static_cast<Port>(key.words[4]);
  return remote;
}

inline std::uint64_t folded_product(std::uint64_t a, std::uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}
inline std::uint64_t hash_of(const KeyV4& key, std::uint64_t hash_key) {
  return folded_product(key.packed ^ hash_key ^ 0x9e3779b97f4a7c15U, 0xd6e8feb86659fd93U ^ (hash_key << 1));
}
inline std::uint64_t hash_of(const KeyV6& key, std::uint64_t hash_key) {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  std::memcpy(&high, key.words, 8);
  std::memcpy(&low, key.words + 2, 8);
  const std::uint64_t first = folded_product(high ^ hash_key ^ 0x9e3779b97f4a7c15U, low ^ 0xd6e8feb86659fd93U);
  return folded_product(first ^ key.words[4], 0xa0761d6478bd642fU ^ (hash_key << 1));
}

// One hash table of one key type. Not for use outside RoutingTable and its tests.
template <class Key>
class BucketTable {
 public:
  static constexpr std::size_t slots = 60 / (sizeof(Key) + sizeof(Route));

  explicit BucketTable(std::uint64_t hash_key = 0) : hash_key_(hash_key) {}

  std::size_t size() const { return size_; }
  std::size_t memory_bytes() const { return buckets_.capacity() * sizeof(Bucket); }

  Route* find(const Key& key) {
    if (size_ == 0) return nullptr;
    std::size_t at = home(key);
    for (std::size_t steps = 0; steps < buckets_.size(); ++steps) {
      Bucket& bucket = buckets_[at];
      if (const unsigned slot = slot_of(bucket, key); slot < slots) return &bucket.routes[slot];
      if (bucket.passed_over == 0) return nullptr;
      at = next(at);
    }
    return nullptr;
  }
  const Route* find(const Key& key) const { return const_cast<BucketTable*>(this)->find(key); }

  void prefetch(const Key& key) const {
    if (size_ == 0) return;
    __builtin_prefetch(&buckets_[home(key)]);
    asm volatile("");  // else GCC takes this for a function without effect, and leaves out the calls
  }

  // The entry of `key`, new (and then value-initialised) or not.
  Route& obtain(const Key& key, bool& is_new) {
    is_new = false;
    if (Route* found = find(key)) return *found;
    is_new = true;
    if (size_ >= capacity_limit()) grow_to(buckets_.size() + buckets_.size() / 2 + 2);
    ++size_;
    return place(key, {});
  }

  // Whose route it was; nobody when it was not there.
  StackId erase(const Key& key) {
    if (size_ == 0) return nobody;
    std::size_t at = home(key);
    for (std::size_t steps = 0; steps < buckets_.size(); ++steps) {
      if (const unsigned slot = slot_of(buckets_[at], key); slot < slots) {
        const StackId target = buckets_[at].routes[slot].target;
        remove_at(at, slot);
        return target;
      }
      if (buckets_[at].passed_over == 0) return nobody;
      at = next(at);
    }
    return nobody;
  }

  template <class Visitor>  // void(const Key&, Route&)
  void for_each(Visitor&& visit) {
    for_each_in_slice(0, 1, visit);
  }

  // The `slice`-th of `slices` parts of the table, all of which together are the whole.
  template <class Visitor>  // void(const Key&, Route&)
  void for_each_in_slice(std::size_t slice, std::size_t slices, Visitor&& visit) {
    const std::size_t last = buckets_.size() * (slice + 1) / slices;
    for (std::size_t at = buckets_.size() * slice / slices; at < last; ++at)
      for (std::size_t slot = 0; slot < slots; ++slot)
        if ((buckets_[at].taken >> slot & 1U) != 0) visit(buckets_[at].keys[slot], buckets_[at].routes[slot]);
  }

  template <class Predicate>  // bool(const Key&, const Route&)
  std::size_t erase_if(Predicate&& unwanted) {
    std::size_t erased = 0;
    for (std::size_t at = 0; at < buckets_.size(); ++at)
      for (std::size_t slot = 0; slot < slots; ++slot) {
        Bucket& bucket = buckets_[at];
        if ((bucket.taken >> slot & 1U) == 0 || !unwanted(bucket.keys[slot], bucket.routes[slot])) continue;
        remove_at(at, slot);
        ++erased;
      }
    return erased;
  }

  void reserve(std::size_t entries) {
    const std::size_t wanted = entries * 100 / (slots * fill_percent_max) + 2;
    if (wanted > buckets_.size()) grow_to(wanted);
  }

  void clear() {
    buckets_ = {};
    size_ = 0;
  }

 private:
  static constexpr std::size_t fill_percent_max = 63;

  struct alignas(64) Bucket {
    Key keys[slots] = {};
    Route routes[slots] = {};
    std::uint8_t taken = 0;        // bit i: slot i holds an entry
    std::uint8_t passed_over = 0;  // entries that live further on because this bucket was full; 255 sticks
  };
  static_assert(sizeof(Bucket) == 64);

  // All keys of the line are compared, whichever it is: the processor need not guess, and goes on to the next packet
  // while the line is on its way.
  static unsigned slot_of(const Bucket& bucket, const Key& key) {
    unsigned equal = 0;
    for (unsigned slot = 0; slot < slots; ++slot) equal |= static_cast<unsigned>(bucket.keys[slot] == key) << slot;
    equal &= bucket.taken;
    return equal == 0 ? static_cast<unsigned>(slots) : static_cast<unsigned>(std::countr_zero(equal));
  }

  std::size_t capacity_limit() const { return buckets_.size() * slots * fill_percent_max / 100; }
  std::size_t next(std::size_t at) const { return at + 1 == buckets_.size() ? 0 : at + 1; }
  std::size_t home(const Key& key) const {
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::size_t>(static_cast<Wide>(hash_of(key, hash_key_)) * buckets_.size() >> 64);
  }

  // `key` is not there and there is room.
  Route& place(const Key& key, const Route& route) {
    for (std::size_t at = home(key);; at = next(at)) {
      Bucket& bucket = buckets_[at];
      const auto slot = static_cast<std::size_t>(std::countr_one(bucket.taken));
      if (slot >= slots) {
        if (bucket.passed_over != 255) ++bucket.passed_over;
        continue;
      }
      bucket.keys[slot] = key;
      bucket.routes[slot] = route;
      bucket.taken = static_cast<std::uint8_t>(bucket.taken | 1U << slot);
      return bucket.routes[slot];
    }
  }

  void remove_at(std::size_t at, std::size_t slot) {
    Bucket& bucket = buckets_[at];
    for (std::size_t passed = home(bucket.keys[slot]); passed != at; passed = next(passed))
      if (buckets_[passed].passed_over != 255) --buckets_[passed].passed_over;
    bucket.taken = static_cast<std::uint8_t>(bucket.taken & ~(1U << slot));
    bucket.keys[slot] = {};
    bucket.routes[slot] = {};
    --size_;
  }

  void grow_to(std::size_t bucket_count) {
    std::vector<Bucket, HugePageAllocator<Bucket>> old(bucket_count);
    old.swap(buckets_);
    for (const Bucket& bucket : old)
      for (std::size_t slot = 0; slot < slots; ++slot)
        if ((bucket.taken >> slot & 1U) != 0) place(bucket.keys[slot], bucket.routes[slot]);
  }

  std::vector<Bucket, HugePageAllocator<Bucket>> buckets_;
  std::size_t size_ = 0;
  std::uint64_t hash_key_ = 0;
};

// The CRT of one DVIPA, for clients of either family.
class RoutingTable {
 public:
  // `hash_key` is secret in a live stack, so that nobody can choose clients that collide; any fixed value elsewhere.
  explicit RoutingTable(std::uint64_t hash_key = 0) : v4_(hash_key), v6_(hash_key) {}

  std::size_t size() const { return v4_.size() + v6_.size(); }
  bool empty() const { return size() == 0; }
  std::size_t memory_bytes() const { return v4_.memory_bytes() + v6_.memory_bytes(); }

  Route* find(const Remote& remote) {
    return remote.client.is_v4() ? v4_.find(key_v4(remote)) : v6_.find(key_v6(remote));
  }
  const Route* find(const Remote& remote) const { return const_cast<RoutingTable*>(this)->find(remote); }
  void prefetch(const Remote& remote) const {
    remote.client.is_v4() ? v4_.prefetch(key_v4(remote)) : v6_.prefetch(key_v6(remote));
  }

  // Adds or replaces (RTE-4, RTE-6). True when the connection was not there.
  bool insert(const Remote& remote, const Route& route) {
    bool is_new = false;
    Route& entry = remote.client.is_v4() ? v4_.obtain(key_v4(remote), is_new) : v6_.obtain(key_v6(remote), is_new);
    if (!is_new) --count_of(entry.target);
    entry = route;
    ++count_of(entry.target);
    return is_new;
  }
  bool erase(const Remote& remote) {
    const StackId target = remote.client.is_v4() ? v4_.erase(key_v4(remote)) : v6_.erase(key_v6(remote));
    if (target) --count_of(target);
    return bool(target);
  }
  // How many connections go to the target (RTE-8).
  std::uint32_t routed_to(StackId target) const {
    return target.value < routed_to_.size() ? routed_to_[target.value] : 0;
  }

  template <class Visitor>  // void(const Remote&, Route&); may not change the target
  void for_each(Visitor&& visit) {
    const auto with_remote = [&](const auto& key, Route& route) { visit(remote_of(key), route); };
    v4_.for_each(with_remote);
    v6_.for_each(with_remote);
  }
  // RTE-11 looks at a table in slices, so that no step takes long.
  template <class Visitor>  // void(const Remote&, Route&)
  void for_each_in_slice(std::size_t slice, std::size_t slices, Visitor&& visit) {
    const auto with_remote = [&](const auto& key, Route& route) { visit(remote_of(key), route); };
    v4_.for_each_in_slice(slice, slices, with_remote);
    v6_.for_each_in_slice(slice, slices, with_remote);
  }

  template <class Visitor>  // void(const Remote&, const Route&)
  void for_each(Visitor&& visit) const {
    const_cast<RoutingTable*>(this)->for_each([&](const Remote& remote, const Route& route) { visit(remote, route); });
  }

  template <class Predicate>  // bool(const Remote&, const Route&); returns how many went
  std::size_t erase_if(Predicate&& unwanted) {
    const auto with_remote = [&](const auto& key, const Route& route) {
      if (!unwanted(remote_of(key), route)) return false;
      --count_of(route.target);
      return true;
    };
    return v4_.erase_if(with_remote) + v6_.erase_if(with_remote);
  }

  // Entries of a failed target go, and no other (FLV-12), nor those of its next life (TKB-5).
  std::size_t erase_target(StackId target) {
    return erase_if([&](const Remote&, const Route& route) { return route.target == target && route.foretold == 0; });
  }

  void reserve_v4(std::size_t entries) { v4_.reserve(entries); }
  void clear() {
    v4_.clear();
    v6_.clear();
    routed_to_.clear();
  }

  // Equal when they hold the same routes, in whatever order they came.
  bool operator==(const RoutingTable& other) const {
    if (size() != other.size()) return false;
    bool equal = true;
    for_each([&](const Remote& remote, const Route& route) {
      const Route* theirs = other.find(remote);
      equal = equal && theirs != nullptr && *theirs == route;
    });
    return equal;
  }

 private:
  std::uint32_t& count_of(StackId target) {
    if (target.value >= routed_to_.size()) routed_to_.resize(target.value + 1U);
    return routed_to_[target.value];
  }

  BucketTable<KeyV4> v4_;
  BucketTable<KeyV6> v6_;
  std::vector<std::uint32_t> routed_to_;  // by StackId
};

}  // namespace dvipa::tables
