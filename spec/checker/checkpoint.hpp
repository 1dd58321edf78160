#pragma once
// A breadth-first search at the beginning of a level, as a file: what is needed to go on later. The file belongs to one
// build on one kind of machine; anything that does not fit is refused with the reason.
#include <array>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "spec/checker/shard.hpp"

namespace dvipa::checker {

// Everything but the visited states.
struct CheckpointHead {
  std::uint64_t model = 0;  // a hash of what tells models apart: initial states, properties, storage, symmetry
  std::uint64_t states = 0;
  std::uint64_t depth = 0;
  std::vector<Ref> found;
};

namespace detail {

inline constexpr std::uint64_t kCheckpointMagic = 0x32746b6361706976U;

template <class T>
void put(std::ostream& out, const T& value) {
  out.write(reinterpret_cast<const char*>(&value), sizeof value);
}
template <class T>
bool get(std::istream& in, T& value) {
  return static_cast<bool>(in.read(reinterpret_cast<char*>(&value), sizeof value));
}

template <class Records>
void put_shard(std::ostream& out, const Shard<Records>& shard, std::uint64_t depth) {
  put(out, shard.level_begin(depth + 1));
  Bytes scratch;
  std::uint32_t i = 0;
  for (std::uint64_t level = 0; level <= depth; ++level) {
    put(out, shard.level_begin(level + 1));
    for (; i < shard.level_begin(level + 1); ++i) {
      put(out, shard.parent(i));
      put(out, shard.hash(i));
      // Of states behind the frontier a lossy store has the hash only.
      const ByteView key = Records::lossless || level == depth ? shard.read(i, scratch) : ByteView{};
      put(out, static_cast<std::uint32_t>(key.size()));
      if (!key.empty()) out.write(reinterpret_cast<const char*>(key.data()), static_cast<std::streamsize>(key.size()));
    }
  }
}

template <class Records>
bool get_shard(std::istream& in, Shard<Records>& shard, std::uint64_t depth) {
  std::uint32_t count = 0;
  if (!get(in, count)) return false;
  Bytes key;
  for (std::uint64_t level = 0; level <= depth; ++level) {
    std::uint32_t end = 0;
    if (!get(in, end) || end > count) return false;
    while (shard.count() < end) {
      Ref parent = kNoRef;
      std::uint64_t hash = 0;
      std::uint32_t size = 0;
      if (!get(in, parent) || !get(in, hash) || !get(in, size) || size > 0xffff) return false;
      key.resize(size);
      if (size != 0 && !in.read(reinterpret_cast<char*>(key.data()), size)) return false;
      if (Records::lossless && hash_bytes(key.data(), key.size()) != hash) return false;
      if (shard.find_or_add(key, hash, parent) != Added::yes) return false;
    }
    shard.next_level();
  }
  return shard.count() == count;
}

// The states that wait, by the shard of each: within a shard they wait in the order of their indices.
inline void put_waiting(std::ostream& out, const Column<Ref>& waiting) {
  for (std::size_t i = 0; i < waiting.size(); ++i) put(out, static_cast<std::uint8_t>(shard_of(waiting[i])));
}

// Each state of the last level waits once.
template <class Records>
bool get_waiting(std::istream& in, const Shards<Records>& shards, std::uint64_t depth, Column<Ref>& waiting) {
  std::array<std::uint32_t, kShards> next{};
  std::uint64_t left = 0;
  for (unsigned s = 0; s < kShards; ++s) {
    next[s] = shards[s].level_begin(depth);
    left += shards[s].count() - next[s];
  }
  for (; left != 0; --left) {
    std::uint8_t shard = 0;
    if (!get(in, shard) || shard >= kShards || next[shard] == shards[shard].count()) return false;
    if (!waiting.push_back(ref_of(shard, next[shard]++))) return false;
  }
  return true;
}

}  // namespace detail

// `waiting`: the states of the last level, in the order in which they are to be expanded. Writes beside the file and
// renames, so that an interrupt leaves the old one. False when it cannot be written.
template <class Records>
bool save_checkpoint(const std::string& file, const CheckpointHead& head, const Shards<Records>& shards,
                     const Column<Ref>& waiting) {
  const std::string unfinished = file + ".part";
  {
    std::ofstream out(unfinished, std::ios::binary | std::ios::trunc);
    detail::put(out, detail::kCheckpointMagic);
    detail::put(out, head.model);
    detail::put(out, head.states);
    detail::put(out, head.depth);
    detail::put(out, static_cast<std::uint64_t>(head.found.size()));
    for (const Ref found : head.found) detail::put(out, found);
    for (const auto& shard : shards) detail::put_shard(out, shard, head.depth);
    detail::put_waiting(out, waiting);
    if (!out.flush()) return false;
  }
  return std::rename(unfinished.c_str(), file.c_str()) == 0;
}

// Precondition: `head.model` is that of the search to go on, `head.found` has a place for each property; `shards` and
// `waiting` are empty. Null, or why the file does not fit (then neither is to be used).
template <class Records>
const char* load_checkpoint(const std::string& file, CheckpointHead& head, Shards<Records>& shards,
                            Column<Ref>& waiting) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return "the checkpoint cannot be read";
  std::uint64_t magic = 0;
  std::uint64_t model = 0;
  std::uint64_t properties = 0;
  if (!detail::get(in, magic) || magic != detail::kCheckpointMagic) return "the file is no checkpoint";
  if (!detail::get(in, model) || model != head.model) return "the checkpoint is of another model or other options";
  if (!detail::get(in, head.states) || !detail::get(in, head.depth) || !detail::get(in, properties) ||
      properties != head.found.size())
    return "the checkpoint is damaged";
  for (Ref& found : head.found)
    if (!detail::get(in, found)) return "the checkpoint is damaged";
  for (auto& shard : shards)
    if (!detail::get_shard(in, shard, head.depth)) return "the checkpoint is damaged";
  if (!detail::get_waiting(in, shards, head.depth, waiting)) return "the checkpoint is damaged";
  return nullptr;
}

}  // namespace dvipa::checker
