#pragma once
// One number for a value, the same on every machine. It depends on what the value is, never on where it lies in memory
// or on the order in which a hash table keeps it; values that are equal have the same. What a value is made of is found
// by the compiler, so that a member that is added counts, or does not compile.
#include <array>
#include <bit>
#include <bitset>
#include <boost/pfr/core.hpp>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include "impl/stack/probe.hpp"
#include "impl/stack/stack.hpp"

namespace dvipa::world {

template <class T>
concept Sequence = requires(const T& value) {
  value.begin();
  value.end();
  value.size();
};

class Digest {
 public:
  std::uint64_t value() const { return hash_; }

  template <class Number>
  requires std::integral<Number> || std::is_enum_v<Number> Digest& add(Number number) {
    const auto word = static_cast<std::uint64_t>(number);
    hash_ = tables::folded_product(hash_ ^ word, 0x9e3779b97f4a7c15U) + word;
    return *this;
  }
  Digest& add(const Address& address) {
    const auto halves = std::bit_cast<std::array<std::uint64_t, 2>>(address.bytes);
    return add(halves[0]).add(halves[1]);
  }
  template <std::size_t size>
  Digest& add(std::bitset<size> bits) {
    static const std::bitset<size> low_word{~0ULL};
    for (std::size_t done = 0; done < size; done += 64, bits >>= 64) add((bits & low_word).to_ullong());
    return *this;
  }
  template <class... Parts>
  Digest& add(const std::tuple<Parts...>& parts) {
    std::apply([&](const auto&... each) { (add(each), ...); }, parts);
    return *this;
  }
  template <class First, class Second>
  Digest& add(const std::pair<First, Second>& pair) {
    return add(pair.first).add(pair.second);
  }
  template <class T>
  Digest& add(const std::optional<T>& perhaps) {
    add(perhaps.has_value());
    return perhaps ? add(*perhaps) : *this;
  }
  template <class... Kinds>
  Digest& add(const std::variant<Kinds...>& one) {
    add(one.index());
    return std::visit([&](const auto& kind) -> Digest& { return add(kind); }, one);
  }
  template <Sequence T>
  Digest& add(const T& sequence) {
    add(sequence.size());
    for (const auto& each : sequence) add(each);
    return *this;
  }
  // Whatever their order.
  template <Sequence T>
  Digest& add_unordered(const T& values) {
    std::uint64_t sum = 0;
    for (const auto& each : values) sum += Digest{}.add(each).value();
    return add(values.size()).add(sum);
  }
  template <class T>
  requires std::is_aggregate_v<T> &&(!Sequence<T>)Digest& add(const T& whole) {
    boost::pfr::for_each_field(whole, [&](const auto& part) { add(part); });
    return *this;
  }

  Digest& add(const tables::Route& route);
  Digest& add(const tables::RoutingTable& table);
  Digest& add(const Stack::Dvipa& dvipa);
  Digest& add(const roles::VipOwner& owner) { return add(owner.state()).add(owner.facts); }
  Digest& add(const roles::VipTarget& target) { return add(target.state()).add(target.facts); }
  template <class T>
  requires requires(const T& value) { value.fields(); }
  Digest& add(const T& value) { return add(value.fields()); }
  Digest& add(const Stack& stack) { return add(StackProbe::fields(stack)); }

 private:
  std::uint64_t hash_ = 0x2545f4914f6cdd1dU;
};

template <class T>
std::uint64_t digest_of(const T& value) {
  return Digest{}.add(value).value();
}

}  // namespace dvipa::world
