#pragma once
// Where the first fragment of a datagram went, its later ones follow (RTE-10): only the first has ports. A fragment
// that comes before its first is kept until that comes. Everything is bounded; what is beyond is dropped, as IP allows.
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "impl/stack/stack.hpp"
#include "pcap/packet/frame.hpp"
#include "pcap/port/port.hpp"

namespace dvipa {

class Fragments {
 public:
  struct Early {
    std::vector<std::uint8_t> bytes;
    VnetHeader vnet;
  };

  // The first fragment was given this verdict at `now_ms`; returns the ones that came before it, in their order.
  std::vector<Early> learn(const FragmentKey& datagram, const Verdict& verdict, std::int64_t now_ms);
  // The verdict of the first fragment; empty when it has not come, and then the fragment is kept.
  std::optional<Verdict> find(const FragmentKey& datagram, const Frame& later, std::int64_t now_ms);

  std::size_t datagrams() const { return datagrams_.size(); }

  static constexpr std::size_t datagrams_max = 1024;
  static constexpr std::size_t early_bytes_max = std::size_t{4} << 20;
  static constexpr std::int64_t life_ms = 30'000;  // as long as receivers wait for the rest

 private:
  struct Datagram {
    std::optional<Verdict> verdict;
    std::vector<Early> early;
  };
  Datagram& obtain(const FragmentKey& datagram, std::int64_t now_ms);
  void forget_oldest();

  std::map<FragmentKey, Datagram> datagrams_;
  std::deque<std::pair<std::int64_t, FragmentKey>> by_age_;  // when it was first seen, ascending
  std::size_t early_bytes_ = 0;
};

}  // namespace dvipa
