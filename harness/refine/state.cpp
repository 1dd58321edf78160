// A state of the composition as few bytes, and what tells stacks and messages apart.
#include "harness/refine/state.hpp"

#include "impl/stack/probe.hpp"

namespace dvipa::refine {
namespace {

class Mix {
 public:
  void add(std::uint64_t value) { hash_ = tables::folded_product(hash_ ^ value, 0x9e3779b97f4a7c15U) + value; }
  void add(const Epoch& epoch) { add(std::uint64_t{epoch.counter} << 8U | epoch.owner.value); }
  void add(const Remote& remote) { add(std::uint64_t{remote.client_port} << 16U | remote.dvipa_port); }
  std::size_t value() const { return hash_; }

 private:
  std::uint64_t hash_ = 0x2545f4914f6cdd1dU;
};

void add(Mix& mix, const Stack::Dvipa& dvipa) {
  const auto& facts = dvipa.owner.facts;
  mix.add(static_cast<unsigned>(dvipa.owner.state()) | static_cast<unsigned>(dvipa.target.state()) << 8U);
  for (const Epoch& epoch : {facts.mine, facts.newest, facts.claim, dvipa.report_epoch, dvipa.owner_epoch})
    mix.add(epoch);
  for (const StackId id : {facts.owner, facts.claimant, dvipa.report_to}) mix.add(id.value);
  for (const auto* set : {&dvipa.awaiting, &dvipa.forwarders})
    for (unsigned i = 0; i <= model::kStacksMax; ++i) mix.add(set->test(i) ? 1U : 0U);
  std::uint64_t sum = 0;  // the same in any order
  for (const auto* table : {&dvipa.routes, &dvipa.held_here}) {
    table->for_each([&](const Remote& remote, const tables::Route& route) {
      sum += (std::uint64_t{remote.client_port} << 8U | route.target.value) * 0xd6e8feb86659fd93U + route.touched;
    });
    mix.add(sum);
  }
  dvipa.listeners.for_each([&](Port, const tables::ActualTarget& target) { mix.add(target.stack.value); });
  mix.add(dvipa.deposed.size() << 8U | dvipa.ended_while_fresh.size());
}

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
  out.byte(host.listening ? 1U : 0U);
  for (unsigned c = 0; c < connections; ++c)
    out.byte(static_cast<unsigned>(host.endpoint[c].end) | unsigned{host.endpoint[c].instance} << 2U);
}

void read(Reader& in, Host& host, unsigned connections) {
  host.stack = in.number();
  host.listening = in.byte() != 0;
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

std::size_t StackHash::operator()(const Stack& stack) const {
  Mix mix;
  mix.add(stack.self().value | (StackProbe::ready(stack) ? 256U : 0U) | (StackProbe::joined(stack) ? 512U : 0U));
  for (const auto& [address, dvipa] : stack.dvipas()) {
    add(mix, dvipa);
    StackProbe::for_each_member(
        stack, address, [&](StackId id, bool listed, bool leaving, Part part, const Epoch& epoch) {
          mix.add(id.value | (listed ? 256U : 0U) | (leaving ? 512U : 0U) | static_cast<unsigned>(part) << 10U);
          mix.add(epoch);
        });
  }
  return mix.value();
}

std::size_t MessageHash::operator()(const Message& message) const {
  Mix mix;
  mix.add(message.index());
  std::visit(
      [&](const auto& kind) {
        if constexpr (requires { kind.epoch; }) mix.add(kind.epoch);
        if constexpr (requires { kind.target; }) mix.add(kind.target.value);
        if constexpr (requires { kind.remotes; })
          for (const Remote& remote : kind.remotes) mix.add(remote);
        if constexpr (requires { kind.entries; })
          for (const ListEntry& entry : kind.entries) mix.add(entry.epoch), mix.add(static_cast<unsigned>(entry.claim));
      },
      message);
  return mix.value();
}

void encode(const State& state, unsigned stacks, unsigned connections, checker::Bytes& bytes) {
  Writer out(bytes);
  for (unsigned i = 1; i <= stacks; ++i) write(out, state.hosts[i], connections);
  for_each_pair(stacks, [&](unsigned i, unsigned j) {
    out.byte(static_cast<unsigned>(state.bus[i][j].size()));
    for (const std::uint32_t message : state.bus[i][j]) out.number(message);
  });
  for (unsigned c = 0; c < connections; ++c) write(out, state.clients[c]);
  out.byte(state.reach | (state.allowed ? 128U : 0U));
  out.byte(state.harm);
  out.byte(unsigned{state.left.crashes} << 4U | state.left.restarts);
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
  const unsigned bits = in.byte();
  state.reach = static_cast<model::Stacks>(bits & 127U);
  state.allowed = bits >= 128U;
  state.harm = in.byte();
  const unsigned budget = in.byte();
  state.left.crashes = static_cast<std::uint8_t>(budget >> 4U);
  state.left.restarts = static_cast<std::uint8_t>(budget & 15U);
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
