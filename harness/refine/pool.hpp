#pragma once
// Values that are met again and again, each kept once and known by a number: a state of the composition then is a few
// numbers, and two states are equal when these are. Used by several threads at once. What is in stays where it is.
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>
#include <utility>

#include "harness/world/digest.hpp"

namespace dvipa::refine {

// Numbers begin with 1, so that 0 is free for "none".
template <class Value>
class Pool {
 public:
  std::uint32_t number_of(Value&& value) {
    const std::uint64_t digest = world::digest_of(value);
    {
      const std::shared_lock lock(mutex_);
      if (const std::uint32_t known = find(digest, value); known != 0) return known;
    }
    const std::unique_lock lock(mutex_);
    if (const std::uint32_t known = find(digest, value); known != 0) return known;
    values_.push_back(std::move(value));
    const auto number = static_cast<std::uint32_t>(values_.size());
    numbers_.emplace(digest, number);
    return number;
  }
  const Value& at(std::uint32_t number) const {
    const std::shared_lock lock(mutex_);
    return values_[number - 1];
  }
  std::size_t size() const {
    const std::shared_lock lock(mutex_);
    return values_.size();
  }

 private:
  std::uint32_t find(std::uint64_t digest, const Value& value) const {
    for (auto [at, end] = numbers_.equal_range(digest); at != end; ++at)
      if (values_[at->second - 1] == value) return at->second;
    return 0;
  }

  mutable std::shared_mutex mutex_;
  std::deque<Value> values_;
  std::unordered_multimap<std::uint64_t, std::uint32_t> numbers_;
};

}  // namespace dvipa::refine
