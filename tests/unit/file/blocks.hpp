#pragma once
// An independent look at the blocks of a pcapng file, for what libpcap does not tell.
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

namespace dvipa::test {

struct Block {
  std::uint32_t type = 0;
  std::vector<std::uint8_t> body;
  std::uint32_t word(std::size_t index) const {
    std::uint32_t value = 0;
    std::memcpy(&value, body.data() + 4 * index, 4);
    return value;
  }
  // The options that begin at byte `at` of the body, by code.
  std::map<std::uint16_t, std::string> options(std::size_t at) const {
    std::map<std::uint16_t, std::string> found;
    while (at + 4 <= body.size()) {
      std::uint16_t code = 0;
      std::uint16_t length = 0;
      std::memcpy(&code, body.data() + at, 2);
      std::memcpy(&length, body.data() + at + 2, 2);
      if (code == 0) break;
      found[code] = std::string(reinterpret_cast<const char*>(body.data()) + at + 4, length);
      at += 4 + (length + 3U) / 4 * 4;
    }
    return found;
  }
};

// Throws when lengths do not agree: the file has been written wrongly.
inline std::vector<Block> blocks_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  std::vector<Block> blocks;
  for (std::size_t at = 0; at < bytes.size();) {
    std::uint32_t head[2] = {0, 0};
    std::uint32_t tail = 0;
    if (bytes.size() - at < 12) throw std::runtime_error("a block is cut off");
    std::memcpy(head, bytes.data() + at, 8);
    if (head[1] % 4 != 0 || head[1] < 12 || head[1] > bytes.size() - at) throw std::runtime_error("a block's length");
    std::memcpy(&tail, bytes.data() + at + head[1] - 4, 4);
    if (tail != head[1]) throw std::runtime_error("a block's two lengths differ");
    const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    blocks.push_back({head[0], {begin + 8, begin + head[1] - 4}});
    at += head[1];
  }
  return blocks;
}

}  // namespace dvipa::test
