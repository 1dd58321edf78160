#pragma once
// Successors on their way from the thread that made them to the shard that they belong to.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

#include "spec/checker/model.hpp"
#include "spec/checker/shard.hpp"

namespace dvipa::checker {

class Outbox {
 public:
  struct Letter {
    std::uint64_t hash;
    Ref parent;
    std::uint32_t size;
    ByteView key() const { return {reinterpret_cast<const std::uint8_t*>(this + 1), size}; }
    std::size_t extent() const { return sizeof(Letter) + (size + 7) / 8 * 8; }
  };

  void post(std::uint64_t hash, Ref parent, ByteView key) {
    const Letter letter{hash, parent, static_cast<std::uint32_t>(key.size())};
    if (used_ + letter.extent() > room_) widen(letter.extent());
    std::memcpy(bytes_.get() + used_, &letter, sizeof letter);
    std::memcpy(bytes_.get() + used_ + sizeof letter, key.data(), key.size());
    used_ += letter.extent();
    ++letters_;
  }
  template <class Use>
  void for_each(Use&& use) const {
    for (std::size_t at = 0; at < used_;) {
      const auto* letter = reinterpret_cast<const Letter*>(bytes_.get() + at);
      use(*letter);
      at += letter->extent();
    }
  }
  std::size_t letters() const { return letters_; }
  std::size_t bytes() const { return used_; }
  std::size_t memory_bytes() const { return room_; }
  void clear() { used_ = letters_ = 0; }

 private:
  void widen(std::size_t more) {
    room_ = (room_ + more) * 2;
    auto wider = std::make_unique_for_overwrite<std::uint8_t[]>(room_);
    if (used_ != 0) std::memcpy(wider.get(), bytes_.get(), used_);
    bytes_ = std::move(wider);
  }
  std::unique_ptr<std::uint8_t[]> bytes_;
  std::size_t used_ = 0;
  std::size_t room_ = 0;
  std::size_t letters_ = 0;
};

}  // namespace dvipa::checker
