#pragma once
// The floor of the codec: big-endian numbers, and elements of tag, length and value, written and read.
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "impl/wire/codec.hpp"
#include "spec/vocabulary/address.hpp"
#include "spec/vocabulary/identity.hpp"

namespace dvipa::wire {

inline void store_u16(std::uint8_t* to, std::uint16_t value) {
  value = __builtin_bswap16(value);
  std::memcpy(to, &value, sizeof value);
}
inline void store_u32(std::uint8_t* to, std::uint32_t value) {
  value = __builtin_bswap32(value);
  std::memcpy(to, &value, sizeof value);
}
inline void store_u64(std::uint8_t* to, std::uint64_t value) {
  value = __builtin_bswap64(value);
  std::memcpy(to, &value, sizeof value);
}
inline std::uint16_t load_u16(const std::uint8_t* from) {
  std::uint16_t value = 0;
  std::memcpy(&value, from, sizeof value);
  return __builtin_bswap16(value);
}
inline std::uint32_t load_u32(const std::uint8_t* from) {
  std::uint32_t value = 0;
  std::memcpy(&value, from, sizeof value);
  return __builtin_bswap32(value);
}
inline std::uint64_t load_u64(const std::uint8_t* from) {
  std::uint64_t value = 0;
  std::memcpy(&value, from, sizeof value);
  return __builtin_bswap64(value);
}
static_assert(std::endian::native == std::endian::little, "the swaps above are for little-endian hosts");

inline constexpr std::size_t element_header_bytes = 6;  // tag (2), length of the value (4)

// Appends to a buffer.
class Writer {
 public:
  explicit Writer(std::vector<std::uint8_t>& out) : out_(out) {}

  // `count` more bytes, to be filled by the caller before anything else is written.
  std::uint8_t* room(std::size_t count) {
    out_.resize(out_.size() + count);
    return out_.data() + out_.size() - count;
  }
  void u8(std::uint8_t value) { out_.push_back(value); }
  void u16(std::uint16_t value) { store_u16(room(2), value); }
  void u32(std::uint32_t value) { store_u32(room(4), value); }
  void u64(std::uint64_t value) { store_u64(room(8), value); }
  void flag(bool value) { u8(value ? 1 : 0); }
  void epoch(const Epoch& value) {
    u32(value.counter);
    u8(value.owner.value);
  }
  // 4 bytes for IPv4 and 16 for IPv6: the reader tells them by the length of what holds the address.
  void address(const Address& value) {
    const std::size_t skipped = value.is_v4() ? 12 : 0;
    std::memcpy(room(16 - skipped), value.bytes.data() + skipped, 16 - skipped);
  }

  // An element whose value is what `write_value` writes.
  template <class WriteValue>  // void()
  void element(std::uint16_t tag, WriteValue&& write_value) {
    u16(tag);
    const std::size_t length_at = out_.size();
    u32(0);
    write_value();
    store_u32(out_.data() + length_at, static_cast<std::uint32_t>(out_.size() - length_at - 4));
  }

 private:
  std::vector<std::uint8_t>& out_;
};

// Reads a span. After the first error everything reads as zero and as at its end, so that only loops that do not
// consume need to look at failed().
class Reader {
 public:
  explicit Reader(std::span<const std::uint8_t> bytes)
      : start_(bytes.data()), at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  bool failed() const { return !error_.reason.empty(); }
  const WireError& error() const { return error_; }
  std::size_t offset() const { return static_cast<std::size_t>(at_ - start_); }
  std::size_t remaining() const { return static_cast<std::size_t>(end_ - at_); }

  void fail_at(std::size_t offset, std::string_view reason) {
    if (!failed()) error_ = {offset, reason};
    at_ = end_;
  }
  void fail(std::string_view reason) { fail_at(offset(), reason); }

  // The next `count` bytes; null (and failed) when there are not so many.
  const std::uint8_t* take(std::size_t count) {
    if (count > remaining()) {
      fail("ends too early");
      return nullptr;
    }
    const std::uint8_t* taken = at_;
    at_ += count;
    return taken;
  }
  std::uint8_t u8() {
    const std::uint8_t* from = take(1);
    return from == nullptr ? std::uint8_t{0} : *from;
  }
  std::uint16_t u16() {
    const std::uint8_t* from = take(2);
    return from == nullptr ? std::uint16_t{0} : load_u16(from);
  }
  std::uint32_t u32() {
    const std::uint8_t* from = take(4);
    return from == nullptr ? 0 : load_u32(from);
  }
  std::uint64_t u64() {
    const std::uint8_t* from = take(8);
    return from == nullptr ? 0 : load_u64(from);
  }
  // A number of an enumeration whose values are first..last.
  template <class Enumeration>
  Enumeration one_of(Enumeration first, Enumeration last) {
    const std::size_t place = offset();
    const std::uint8_t value = u8();
    if (failed()) return first;
    if (value < static_cast<std::uint8_t>(first) || value > static_cast<std::uint8_t>(last)) {
      fail_at(place, "value not known");
      return first;
    }
    return static_cast<Enumeration>(value);
  }
  bool flag() {
    const std::size_t place = offset();
    const std::uint8_t value = u8();
    if (value > 1) fail_at(place, "flag neither 0 nor 1");
    return value == 1;
  }
  StackId stack() {
    const std::size_t place = offset();
    const StackId id{u8()};
    if (id.value > stack_id_max) fail_at(place, "no such stack number");
    return id;
  }
  Epoch epoch() {
    const std::uint32_t counter = u32();
    return {counter, stack()};
  }
  // `length` bytes of an address; fails unless they are the form that Writer::address gives it.
  Address address(std::size_t length) {
    const std::size_t place = offset();
    Address value;
    if (length != 4 && length != 16) {
      fail("address neither 4 nor 16 bytes long");
      return value;
    }
    const std::uint8_t* from = take(length);
    if (from == nullptr) return value;
    if (length == 4) return Address::v4(load_u32(from));
    std::memcpy(value.bytes.data(), from, 16);
    if (value.is_v4()) fail_at(place, "IPv4 address in 16 bytes");
    return value;
  }

  // Calls `read_value(tag, length)` for each element up to the end. The callee consumes the value, or returns false to
  // have it skipped as unknown (LST-6); a value that is consumed in part is an error. Tags ascend; only `repeatable`
  // and unknown ones may come again.
  template <class ReadValue>  // bool(std::uint16_t tag, std::size_t length)
  void elements(std::uint16_t repeatable, ReadValue&& read_value) {
    std::uint32_t last_tag = 0;
    while (remaining() > 0) {
      const std::size_t place = offset();
      const std::uint16_t tag = u16();
      const std::uint32_t length = u32();
      if (failed()) return;
      if (length > remaining()) return fail_at(place, "element longer than what holds it");
      if (tag < last_tag) return fail_at(place, "elements out of order");
      const bool again = tag == last_tag;
      last_tag = tag;
      const std::uint8_t* const outer_end = end_;
      end_ = at_ + length;
      const bool known = read_value(tag, std::size_t{length});
      if (failed()) return;
      if (known && again && tag != repeatable) return fail_at(place, "element repeated");
      if (known && at_ != end_) return fail("element longer than its content");
      at_ = end_;
      end_ = outer_end;
    }
  }

 private:
  const std::uint8_t* start_;
  const std::uint8_t* at_;
  const std::uint8_t* end_;
  WireError error_;
};

}  // namespace dvipa::wire
