// A state of the composition as few bytes.
#include "harness/refine/state.hpp"

namespace dvipa::refine {
namespace {

class Writer {
 public:
  explicit Writer(checker::Bytes& out) : out_(out) {}
  void byte(unsigned value) { out_.push_back(static_cast<std::uint8_t>(value)); }
  void number(std::uint32_t value) { byte(value & 255U), byte(value >> 8U & 255U), byte(value >> 16U); }

 private:
  checker::Bytes& out_;
};

class Reader {
 public:
  explicit Reader(checker::ByteView in) : in_(in) {}
  std::uint8_t byte() { return in_[at_++]; }
  std::uint32_t number() {
    const std::uint32_t low = byte();
    const std::uint32_t middle = byte();
    return low | middle << 8U | std::uint32_t{byte()} << 16U;
  }

 private:
  checker::ByteView in_;
  std::size_t at_ = 0;
};

void write(Writer& out, const Host& host, unsigned connections) {
  out.number(host.stack);
  out.byte((host.listening ? 1U : 0U) | (host.paused ? 2U : 0U) | (host.woken ? 4U : 0U));
  for (unsigned c = 0; c < connections; ++c)
    out.byte(static_cast<unsigned>(host.endpoint[c].end) | unsigned{host.endpoint[c].instance} << 2U);
}

void read(Reader& in, Host& host, unsigned connections) {
  host.stack = in.number();
  const unsigned flags = in.byte();
  host.listening = (flags & 1U) != 0;
  host.paused = (flags & 2U) != 0;
  host.woken = (flags & 4U) != 0;
  for (unsigned c = 0; c < connections; ++c) {
    const unsigned bits = in.byte();
    host.endpoint[c] = {static_cast<model::End>(bits & 3U), static_cast<std::uint8_t>(bits >> 2U)};
  }
}

void write(Writer& out, const model::Client& client) {
  out.byte(static_cast<unsigned>(client.end) | unsigned{client.instance} << 2U | unsigned{client.peer} << 4U);
  out.byte(client.syns_alive | (client.contested ? 128U : 0U));
}

void read(Reader& in, model::Client& client) {
  const unsigned bits = in.byte();
  client.end = static_cast<model::ClientEnd>(bits & 3U);
  client.instance = static_cast<std::uint8_t>(bits >> 2U & 3U);
  client.peer = static_cast<model::Stack>(bits >> 4U);
  const unsigned rest = in.byte();
  client.syns_alive = static_cast<std::uint8_t>(rest & 127U);
  client.contested = rest >= 128U;
}

template <class Use>
void for_each_pair(unsigned stacks, Use&& use) {
  for (unsigned i = 1; i <= stacks; ++i)
    for (unsigned j = 1; j <= stacks; ++j)
      if (i != j) use(i, j);
}

}  // namespace

void encode(const State& state, unsigned stacks, unsigned connections, checker::Bytes& bytes) {
  Writer out(bytes);
  for (unsigned i = 1; i <= stacks; ++i) write(out, state.hosts[i], connections);
  for_each_pair(stacks, [&](unsigned i, unsigned j) {
    out.byte(static_cast<unsigned>(state.bus[i][j].size()));
    for (const std::uint32_t message : state.bus[i][j]) out.number(message);
  });
  for (unsigned c = 0; c < connections; ++c) write(out, state.clients[c]);
  out.byte(state.reach | unsigned{state.reach_far} << 4U);
  out.byte(static_cast<unsigned>(state.cut) | (state.allowed ? 128U : 0U));
  out.byte(state.harm);
  out.byte(unsigned{state.left.crashes} << 4U | state.left.restarts);
  out.byte(unsigned{state.left.pauses} << 4U | state.left.partitions);
  out.byte(state.left.listener_changes);
  out.byte(state.frames.size);
  for (unsigned i = 0; i < state.frames.size; ++i) {
    const model::Frame& frame = state.frames.frames[i];
    out.byte(frame.epoch);
    out.byte(unsigned{frame.to} << 5U | unsigned{frame.instance} << 2U | frame.connection);
  }
}

State decode(unsigned stacks, unsigned connections, checker::ByteView bytes) {
  State state;
  Reader in(bytes);
  for (unsigned i = 1; i <= stacks; ++i) read(in, state.hosts[i], connections);
  for_each_pair(stacks, [&](unsigned i, unsigned j) {
    state.bus[i][j].resize(in.byte());
    for (std::uint32_t& message : state.bus[i][j]) message = in.number();
  });
  for (unsigned c = 0; c < connections; ++c) read(in, state.clients[c]);
  const unsigned reach = in.byte();
  state.reach = static_cast<model::Stacks>(reach & 15U);
  state.reach_far = static_cast<model::Stacks>(reach >> 4U);
  const unsigned bits = in.byte();
  state.cut = static_cast<model::Cut>(bits & 127U);
  state.allowed = bits >= 128U;
  state.harm = in.byte();
  const unsigned budget = in.byte();
  state.left.crashes = static_cast<std::uint8_t>(budget >> 4U);
  state.left.restarts = static_cast<std::uint8_t>(budget & 15U);
  const unsigned faults = in.byte();
  state.left.pauses = static_cast<std::uint8_t>(faults >> 4U);
  state.left.partitions = static_cast<std::uint8_t>(faults & 15U);
  state.left.listener_changes = in.byte();
  state.frames.size = in.byte();
  for (unsigned i = 0; i < state.frames.size; ++i) {
    model::Frame& frame = state.frames.frames[i];
    frame.epoch = in.byte();
    const unsigned rest = in.byte();
    frame.to = static_cast<model::Stack>(rest >> 5U);
    frame.instance = static_cast<std::uint8_t>(rest >> 2U & 7U);
    frame.connection = static_cast<std::uint8_t>(rest & 3U);
  }
  return state;
}

}  // namespace dvipa::refine
