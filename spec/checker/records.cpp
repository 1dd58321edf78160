// The ways to hold states that are not of one fixed size.
#include "spec/checker/records.hpp"

#include <algorithm>
#include <vector>

namespace dvipa::checker {

bool VariableRecords::add(ByteView key, std::uint64_t) {
  const auto size = static_cast<std::uint16_t>(key.size());
  std::size_t at = 0;
  if (!words_.extend((key.size() + sizeof size + 7) / 8, at) || at > 0xffffffffU) return false;
  auto* record = reinterpret_cast<std::uint8_t*>(&words_[at]);
  std::memcpy(record, &size, sizeof size);
  if (!key.empty()) std::memcpy(record + sizeof size, key.data(), key.size());
  return places_.push_back(static_cast<std::uint32_t>(at));
}

namespace {

std::uint64_t hash_of_part(std::uint64_t part) { return fold(part ^ 0xd6e8feb86659fd93U, 0x9e3779b97f4a7c15U); }

std::uint64_t joined(std::uint32_t left, std::uint32_t right) { return std::uint64_t{left} << 32 | right; }

// Scratch of the calling thread, so that a look-up does not ask for memory.
thread_local std::vector<std::uint32_t> t_numbers;

// A key as two numbers: its words are numbered, pairs of numbers are numbered level by level until two are left, and
// the left one is numbered together with the size, which tells the shape of the tree when it is read. `number_of(part)`
// gives kAbsent to give up.
template <class NumberOf>
bool root_of(ByteView key, NumberOf&& number_of, std::uint64_t& root) {
  auto& numbers = t_numbers;
  numbers.clear();
  for (std::size_t at = 0; at < key.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, key.data() + at, std::min<std::size_t>(8, key.size() - at));
    numbers.push_back(number_of(word));
    if (numbers.back() == kAbsent) return false;
  }
  while (numbers.size() > 2) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < numbers.size(); i += 2) {
      const bool pair = i + 1 < numbers.size();
      const std::uint32_t number = pair ? number_of(joined(numbers[i], numbers[i + 1])) : numbers[i];
      if (number == kAbsent) return false;
      numbers[kept++] = number;
    }
    numbers.resize(kept);
  }
  numbers.resize(2, 0);
  const std::uint32_t left = number_of(joined(static_cast<std::uint32_t>(key.size()), numbers[0]));
  root = joined(left, numbers[1]);
  return left != kAbsent;
}

}  // namespace

std::uint32_t CompressedRecords::number_of(std::uint64_t part) const {
  return part_table_.find(hash_of_part(part), [&](std::uint32_t i) { return parts_[i] == part; });
}

bool CompressedRecords::number(std::uint64_t part, std::uint32_t& number) {
  number = number_of(part);
  if (number != kAbsent) return true;
  if (parts_.size() >= kAbsent - 1) return false;
  if (part_table_.full() && !part_table_.grow([&](std::uint32_t i) { return hash_of_part(parts_[i]); })) return false;
  number = static_cast<std::uint32_t>(parts_.size());
  if (!parts_.push_back(part)) return false;
  part_table_.insert(hash_of_part(part), number);
  return true;
}

bool CompressedRecords::add(ByteView key, std::uint64_t) {
  const auto make = [this](std::uint64_t part) {
    std::uint32_t made = kAbsent;
    return number(part, made) ? made : kAbsent;
  };
  std::uint64_t root = 0;
  return root_of(key, make, root) && roots_.push_back(root);
}

bool CompressedRecords::matches(std::uint32_t i, ByteView key, std::uint64_t) const {
  std::uint64_t root = 0;
  return root_of(
             key, [this](std::uint64_t part) { return number_of(part); }, root) &&
         root == roots_[i];
}

ByteView CompressedRecords::read(std::uint32_t i, Bytes& scratch) const {
  const std::uint64_t left = parts_[static_cast<std::uint32_t>(roots_[i] >> 32)];
  const auto size = static_cast<std::size_t>(left >> 32);
  const std::size_t words = (size + 7) / 8;
  scratch.resize(words * 8);
  // The widths of the levels, from the words up to the last two numbers.
  std::array<std::size_t, 20> width{words};
  unsigned levels = 1;
  for (; width[levels - 1] > 2; ++levels) width[levels] = (width[levels - 1] + 1) / 2;
  auto& numbers = t_numbers;
  numbers.assign({static_cast<std::uint32_t>(left), static_cast<std::uint32_t>(roots_[i])});
  numbers.resize(std::max<std::size_t>(words, 2));
  for (unsigned level = levels - 1; level-- > 0;) {
    // From the right, so that a number is split before its place is taken.
    for (std::size_t at = width[level + 1]; at-- > 0;) {
      if (2 * at + 1 >= width[level]) {
        numbers[2 * at] = numbers[at];
        continue;
      }
      const std::uint64_t pair = parts_[numbers[at]];
      numbers[2 * at + 1] = static_cast<std::uint32_t>(pair);
      numbers[2 * at] = static_cast<std::uint32_t>(pair >> 32);
    }
  }
  for (std::size_t at = 0; at < words; ++at) std::memcpy(scratch.data() + 8 * at, &parts_[numbers[at]], 8);
  scratch.resize(size);
  return {scratch.data(), size};
}

std::uint64_t CompressedRecords::hash(std::uint32_t i) const {
  thread_local Bytes scratch;
  const ByteView key = read(i, scratch);
  return hash_bytes(key.data(), key.size());
}

bool HashRecords::add(ByteView key, std::uint64_t hash) { return next_.add(key, hash) && hashes_.push_back(hash); }

ByteView HashRecords::read(std::uint32_t i, Bytes& scratch) const {
  return i >= next_begin_ ? next_.read(i - next_begin_, scratch) : current_.read(i - current_begin_, scratch);
}

void HashRecords::next_level() {
  current_begin_ = next_begin_;
  next_begin_ = static_cast<std::uint32_t>(hashes_.size());
  current_ = std::move(next_);
  next_ = VariableRecords();
}

}  // namespace dvipa::checker
