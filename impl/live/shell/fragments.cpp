#include "impl/live/shell/fragments.hpp"

#include <utility>

namespace dvipa {

std::vector<Fragments::Early> Fragments::learn(const FragmentKey& datagram, const Verdict& verdict,
                                               std::int64_t now_ms) {
  Datagram& known = obtain(datagram, now_ms);
  known.verdict = verdict;
  std::vector<Early> early = std::exchange(known.early, {});
  for (const Early& each : early) early_bytes_ -= each.bytes.size();
  return early;
}

std::optional<Verdict> Fragments::find(const FragmentKey& datagram, const Frame& later, std::int64_t now_ms) {
  Datagram& known = obtain(datagram, now_ms);
  if (known.verdict) return known.verdict;
  if (early_bytes_ + later.bytes.size() <= early_bytes_max) {
    early_bytes_ += later.bytes.size();
    known.early.push_back({{later.bytes.begin(), later.bytes.end()}, later.vnet});
  }
  return std::nullopt;
}

Fragments::Datagram& Fragments::obtain(const FragmentKey& datagram, std::int64_t now_ms) {
  while (!by_age_.empty() && by_age_.front().first + life_ms < now_ms) forget_oldest();
  if (const auto at = datagrams_.find(datagram); at != datagrams_.end()) return at->second;
  if (datagrams_.size() >= datagrams_max) forget_oldest();
  by_age_.emplace_back(now_ms, datagram);
  return datagrams_[datagram];
}

void Fragments::forget_oldest() {
  const auto oldest = datagrams_.find(by_age_.front().second);
  for (const Early& each : oldest->second.early) early_bytes_ -= each.bytes.size();
  datagrams_.erase(oldest);
  by_age_.pop_front();
}

}  // namespace dvipa
