#pragma once
// One message of each kind, whose bytes stand, with a comment on each field, in golden/NAME.hex.
#include <cstdint>
#include <string>
#include <vector>

#include "spec/vocabulary/message.hpp"

namespace dvipa::wire::test {

struct Sample {
  std::string name;  // of the file with its bytes
  Message message;
};
const std::vector<Sample>& samples();

// The bytes of golden/NAME.hex: two digits each, `#` starts a comment.
std::vector<std::uint8_t> golden_bytes(const std::string& name);

}  // namespace dvipa::wire::test
