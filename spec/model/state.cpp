// The lists inside a state, and a state as few bytes.
#include "spec/model/state.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace dvipa::model {

namespace {

[[noreturn]] void broken(const char* what) {
  std::fprintf(stderr, "spec/model: %s\n", what);
  std::abort();
}

class Writer {
 public:
  explicit Writer(checker::Bytes& out) : out_(out) {}
  void byte(unsigned value) { out_.push_back(static_cast<std::uint8_t>(value)); }
  void nibbles(unsigned high, unsigned low) { byte(high << 4U | low); }

 private:
  checker::Bytes& out_;
};

class Reader {
 public:
  explicit Reader(checker::ByteView in) : in_(in) {}
  std::uint8_t byte() { return in_[at_++]; }
  void nibbles(std::uint8_t& high, std::uint8_t& low) {
    const std::uint8_t both = byte();
    high = both >> 4U;
    low = both & 15U;
  }

 private:
  checker::ByteView in_;
  std::size_t at_ = 0;
};

constexpr unsigned kTogether = 15;  // in the place of a MessageKind: a new_conn that is `together` with others

unsigned packed(const Entry& entry) { return entry.target | (entry.fresh ? 8U : 0U); }
unsigned packed(const Endpoint& endpoint) {
  return static_cast<unsigned>(endpoint.end) | unsigned{endpoint.instance} << 2U;
}

void write(Writer& out, const StackState& stack, unsigned stacks, unsigned connections) {
  out.byte(static_cast<unsigned>(stack.life) | (stack.ready ? 4U : 0U) | (stack.listening ? 8U : 0U) |
           (stack.asked ? 16U : 0U));
  out.nibbles(stack.view, stack.listed);
  out.nibbles(stack.primaries, stack.leaving);
  out.nibbles(stack.waiting, stack.dpt);
  out.byte(stack.newest);
  out.byte(stack.owning);
  out.byte(stack.claiming);
  for (unsigned j = 1; j <= stacks; ++j) out.byte(stack.said[j]);
  for (unsigned c = 0; c < connections; ++c) out.nibbles(packed(stack.crt[c]), packed(stack.endpoint[c]));
}

void read(Reader& in, StackState& stack, unsigned stacks, unsigned connections) {
  const unsigned bits = in.byte();
  stack.life = static_cast<Life>(bits & 3U);
  stack.ready = (bits & 4U) != 0;
  stack.listening = (bits & 8U) != 0;
  stack.asked = (bits & 16U) != 0;
  in.nibbles(stack.view, stack.listed);
  in.nibbles(stack.primaries, stack.leaving);
  in.nibbles(stack.waiting, stack.dpt);
  stack.newest = in.byte();
  stack.owning = in.byte();
  stack.claiming = in.byte();
  for (unsigned j = 1; j <= stacks; ++j) stack.said[j] = in.byte();
  for (unsigned c = 0; c < connections; ++c) {
    std::uint8_t entry = 0;
    std::uint8_t endpoint = 0;
    in.nibbles(entry, endpoint);
    stack.crt[c] = {static_cast<Stack>(entry & 7U), (entry & 8U) != 0};
    stack.endpoint[c] = {static_cast<End>(endpoint & 3U), static_cast<std::uint8_t>(endpoint >> 2U)};
  }
}

void write(Writer& out, const Channel& channel) {
  out.byte(channel.size);
  for (unsigned i = 0; i < channel.size; ++i) {
    const Message& message = channel.messages[i];
    const unsigned kind = message.together ? kTogether : static_cast<unsigned>(message.kind);
    out.byte(kind | unsigned{message.about} << 4U | unsigned{message.target} << 6U);
    out.byte(message.epoch | (message.target & 4U) << 5U);
  }
}

void read(Reader& in, Channel& channel) {
  channel.size = in.byte();
  for (unsigned i = 0; i < channel.size; ++i) {
    const unsigned first = in.byte();
    const unsigned second = in.byte();
    const bool together = (first & 15U) == kTogether;
    channel.messages[i] = {together ? MessageKind::new_conn : static_cast<MessageKind>(first & 15U),
                           static_cast<Epoch>(second & 127U), static_cast<std::uint8_t>(first >> 4U & 3U),
                           static_cast<Stack>(first >> 6U | (second & 128U) >> 5U), together};
  }
}

void write(Writer& out, const Client& client) {
  out.byte(static_cast<unsigned>(client.end) | unsigned{client.instance} << 2U | unsigned{client.peer} << 4U);
  out.byte(client.syns_alive | (client.contested ? 128U : 0U));
}

void read(Reader& in, Client& client) {
  const unsigned bits = in.byte();
  client.end = static_cast<ClientEnd>(bits & 3U);
  client.instance = static_cast<std::uint8_t>(bits >> 2U & 3U);
  client.peer = static_cast<Stack>(bits >> 4U);
  const unsigned rest = in.byte();
  client.syns_alive = static_cast<std::uint8_t>(rest & 127U);
  client.contested = rest >= 128U;
}

}  // namespace

void Channel::push(const Message& message) {
  if (size == kChannelMax) broken("a bus channel holds more than kChannelMax messages");
  messages[size++] = message;
}

bool Channel::may_come(unsigned n) const {
  if (n >= size) return false;
  for (unsigned earlier = 0; earlier < n; ++earlier)
    if (!messages[earlier].together || messages[earlier].about == messages[n].about) return false;
  return n == 0 || messages[n].together;
}

Message Channel::take(unsigned n) {
  const Message taken = messages[n];
  std::copy(messages.begin() + n + 1, messages.begin() + size, messages.begin() + n);
  messages[--size] = {};
  return taken;
}

bool Channel::ends_for(std::uint8_t connection, const Message& message) const {
  using M = MessageKind;
  for (unsigned n = size; n-- != 0;) {
    const M kind = messages[n].kind;
    const bool of_connection = kind == M::new_conn || kind == M::term_conn || kind == M::verify || kind == M::not_held;
    if (of_connection && messages[n].about == connection) return messages[n] == message;
  }
  return false;
}

void Channel::clear() { *this = {}; }

void Frames::add(const Frame& frame) {
  const auto end = frames.begin() + size;
  const auto at = std::lower_bound(frames.begin(), end, frame);
  if (at != end && *at == frame) return;
  if (size == kFramesMax) broken("more than kFramesMax frames are alive");
  std::copy_backward(at, end, end + 1);
  *at = frame;
  ++size;
}

namespace {

template <class Which>
void remove_if(Frames& set, Which&& which) {
  const auto end = set.frames.begin() + set.size;
  const auto last = std::remove_if(set.frames.begin(), end, which);
  std::fill(last, end, Frame{});
  set.size = static_cast<std::uint8_t>(last - set.frames.begin());
}

}  // namespace

void Frames::remove_connection(std::uint8_t connection) {
  remove_if(*this, [=](const Frame& each) { return each.connection == connection; });
}

void Frames::remove_between(Stack i, Stack j) {
  remove_if(*this, [=](const Frame& each) {
    const Stack from = owner_of(each.epoch);
    return (from == i && each.to == j) || (from == j && each.to == i);
  });
}

void Frames::remove_of(Epoch epoch, Stack to) {
  remove_if(*this, [=](const Frame& each) { return each.epoch == epoch && each.to == to; });
}

bool Frames::concerns(std::uint8_t connection) const {
  return std::any_of(frames.begin(), frames.begin() + size,
                     [=](const Frame& each) { return each.connection == connection; });
}

void encode(const State& state, unsigned stacks, unsigned connections, checker::Bytes& bytes) {
  Writer out(bytes);
  for (unsigned i = 1; i <= stacks; ++i) write(out, state.stacks[i], stacks, connections);
  for (unsigned i = 1; i <= stacks; ++i)
    for (unsigned j = 1; j <= stacks; ++j)
      if (i != j) write(out, state.bus[i][j]);
  for (unsigned c = 0; c < connections; ++c) write(out, state.clients[c]);
  out.nibbles(state.reach, state.reach_far);
  out.nibbles(state.far, static_cast<unsigned>(state.cut));
  out.byte(state.harm);
  out.nibbles(state.left.crashes, state.left.restarts);
  out.nibbles(state.left.pauses, state.left.partitions);
  out.nibbles(state.left.listener_changes | unsigned{state.left.lists} << 2U,
              unsigned{state.left.moves} << 2U | state.left.departures);
  out.byte(state.frames.size);
  for (unsigned i = 0; i < state.frames.size; ++i) {
    const Frame& frame = state.frames.frames[i];
    out.byte(frame.epoch);
    out.byte(unsigned{frame.to} << 5U | unsigned{frame.instance} << 2U | frame.connection);
  }
}

State decode(unsigned stacks, unsigned connections, checker::ByteView bytes) {
  State state;
  Reader in(bytes);
  for (unsigned i = 1; i <= stacks; ++i) read(in, state.stacks[i], stacks, connections);
  for (unsigned i = 1; i <= stacks; ++i)
    for (unsigned j = 1; j <= stacks; ++j)
      if (i != j) read(in, state.bus[i][j]);
  for (unsigned c = 0; c < connections; ++c) read(in, state.clients[c]);
  in.nibbles(state.reach, state.reach_far);
  std::uint8_t cut = 0;
  in.nibbles(state.far, cut);
  state.cut = static_cast<Cut>(cut);
  state.harm = in.byte();
  in.nibbles(state.left.crashes, state.left.restarts);
  in.nibbles(state.left.pauses, state.left.partitions);
  std::uint8_t operators = 0;
  std::uint8_t changes = 0;
  in.nibbles(changes, operators);
  state.left.listener_changes = changes & 3U;
  state.left.lists = changes >> 2U;
  state.left.moves = operators >> 2U;
  state.left.departures = operators & 3U;
  state.frames.size = in.byte();
  for (unsigned i = 0; i < state.frames.size; ++i) {
    Frame& frame = state.frames.frames[i];
    frame.epoch = in.byte();
    const unsigned bits = in.byte();
    frame.to = static_cast<Stack>(bits >> 5U);
    frame.instance = static_cast<std::uint8_t>(bits >> 2U & 7U);
    frame.connection = static_cast<std::uint8_t>(bits & 3U);
  }
  return state;
}

}  // namespace dvipa::model
