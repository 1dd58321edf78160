#pragma once
// Memory for millions of states: zeroed blocks on huge pages, and arrays that grow without moving what they hold.
#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace dvipa::checker {

// Asks for the cache line at `place`. The empty statement has an effect as far as GCC knows: without it GCC 12 takes a
// function that only prefetches for one without any, and leaves out the calls of it.
inline void prefetch_line(const void* place) {
  __builtin_prefetch(place);
  asm volatile("");
}

// A zeroed block, aligned to 64 bytes; from 2 MiB on aligned to and advised for huge pages, and not resident until it
// is touched. Empty when the system has no more (test with `data()`).
class Block {
 public:
  Block() = default;
  explicit Block(std::size_t bytes);
  Block(Block&& other) noexcept : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  Block& operator=(Block&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Block();
  void* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }

 private:
  void* data_ = nullptr;
  std::size_t bytes_ = 0;
};

// An array in blocks of doubling size: an element never moves. T is trivially copyable.
template <class T, unsigned kFirstBits = 10>
class Column {
 public:
  std::size_t size() const { return size_; }
  T& operator[](std::size_t i) { return *at(i); }
  const T& operator[](std::size_t i) const { return *at(i); }
  // False, and nothing added, when there is no memory.
  bool push_back(const T& value) {
    if (left_ == 0 && !open_block()) return false;
    *end_++ = value;
    --left_;
    ++size_;
    return true;
  }
  // Room for `count` elements side by side (count <= 2^kFirstBits), skipping the rest of a block if need be; gives the
  // index of the first in `first`.
  bool extend(std::size_t count, std::size_t& first) {
    if (count > left_) {
      size_ += left_;
      left_ = 0;
      if (!open_block()) return false;
    }
    first = size_;
    end_ += count;
    left_ -= count;
    size_ += count;
    return true;
  }
  std::size_t memory_bytes() const { return size_ * sizeof(T); }

 private:
  static constexpr std::size_t kFirst = std::size_t{1} << kFirstBits;
  static unsigned block_of(std::size_t place) {
    return static_cast<unsigned>(std::bit_width(place)) - (kFirstBits + 1);
  }
  T* at(std::size_t i) const {
    const std::size_t place = i + kFirst;
    const unsigned block = block_of(place);
    return static_cast<T*>(blocks_[block].data()) + (place ^ (kFirst << block));
  }
  // Precondition: the last block is full.
  bool open_block() {
    const unsigned block = block_of(size_ + kFirst);
    blocks_[block] = Block((kFirst << block) * sizeof(T));
    if (blocks_[block].data() == nullptr) return false;
    end_ = static_cast<T*>(blocks_[block].data());
    left_ = kFirst << block;
    return true;
  }
  std::array<Block, 40> blocks_;
  std::size_t size_ = 0;
  T* end_ = nullptr;      // behind the last element
  std::size_t left_ = 0;  // places from there to the end of its block
};

// Bytes that the machine could still give to programs, also under a limit of the control group; 0 when unknown.
std::uint64_t available_memory_bytes();

}  // namespace dvipa::checker
