#pragma once
// A state of the composition: the real stacks and the real messages between them, and around them the hosts, the
// network and the clients of the model (spec/model/state.hpp), whose types are used for these.
#include <array>
#include <cstdint>
#include <vector>

#include "harness/refine/pool.hpp"
#include "impl/stack/stack.hpp"
#include "spec/model/state.hpp"

namespace dvipa::refine {

struct Pools {
  Pool<Stack> stacks;
  Pool<Message> messages;
};

struct Host {
  std::uint32_t stack = 0;  // in Pools::stacks; 0: crashed
  bool listening = false;
  bool paused = false;
  bool woken = false;  // stood still, and has not got the lists of all members since
  std::array<model::Endpoint, model::kConnectionsMax> endpoint{};  // of its kernel
  bool operator==(const Host&) const = default;
};

struct State {
  std::array<Host, model::kStacksMax + 1> hosts{};  // 0 is not used
  std::array<std::array<std::vector<std::uint32_t>, model::kStacksMax + 1>, model::kStacksMax + 1> bus{};  // [from][to]
  model::Frames frames;
  std::array<model::Client, model::kConnectionsMax> clients{};
  model::Stacks reach = 0;
  model::Stacks reach_far = 0;
  model::Cut cut = model::Cut::none;
  model::Budget left;
  std::uint8_t harm = 0;  // set of model::Harm: what the step that led here did
  bool allowed = true;    // the step that led here is one of the model

  bool up(model::Stack i) const { return hosts[i].stack != 0; }
  bool runs(model::Stack i) const { return up(i) && !hosts[i].paused; }
};

void encode(const State& state, unsigned stacks, unsigned connections, checker::Bytes& out);
State decode(unsigned stacks, unsigned connections, checker::ByteView in);

}  // namespace dvipa::refine
