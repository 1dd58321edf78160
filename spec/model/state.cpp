// The lists inside a state, and a state as few bytes.
#include "spec/model/state.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace dvipa::model {

void broken(const char* what) {
  std::fprintf(stderr, "spec/model: %s\n", what);
  std::abort();
}

namespace {

// A state is stored as a row of bits, in pieces of at most 56. Of each part of a state one function says which fields
// it has and how many bits each needs; a Writer and a Reader both go by it. (That the bits suffice is asked when a
// configuration is begun, of every epoch when it is made, and of every message when it is sent.)

struct Packing {
  std::uint64_t bits = 0;
  unsigned size = 0;
  template <class Field>
  void operator()(const Field& field, unsigned width) {
    const auto value = static_cast<std::uint64_t>(field);
    bits |= value << size;
    size += width;
  }
};

struct Unpacking {
  std::uint64_t bits = 0;
  unsigned size = 0;
  template <class Field>
  void operator()(Field& field, unsigned width) {
    field = static_cast<Field>(bits >> size & ((std::uint64_t{1} << width) - 1));
    size += width;
  }
};

class Writer {
 public:
  template <class Fields>
  void piece(Fields&& fields) {
    Packing piece;
    fields(piece);
    word_ |= piece.bits << used_;
    std::memcpy(bytes_.data() + at_, &word_, 8);
    used_ += piece.size;
    at_ += used_ / 8;
    word_ >>= used_ / 8 * 8;
    used_ %= 8;
  }
  void finish(checker::Bytes& out) const {
    out.insert(out.end(), bytes_.data(), bytes_.data() + at_ + (used_ + 7) / 8);
  }

 private:
  std::array<std::uint8_t, sizeof(State)> bytes_;  // not filled with zeros: it is large
  std::size_t at_ = 0;
  std::uint64_t word_ = 0;  // what there is of the bytes from `at_`
  unsigned used_ = 0;       // of its bits; less than 8
};

class Reader {
 public:
  explicit Reader(checker::ByteView in) {
    std::memcpy(bytes_.data(), in.data(), in.size());
    std::memset(bytes_.data() + in.size(), 0, 8);
  }
  template <class Fields>
  void piece(Fields&& fields) {
    Unpacking piece;
    std::memcpy(&piece.bits, bytes_.data() + at_ / 8, 8);
    piece.bits >>= at_ % 8;
    fields(piece);
    at_ += piece.size;
  }

 private:
  std::array<std::uint8_t, sizeof(State)> bytes_;
  std::size_t at_ = 0;  // in bits
};

// Where there are many stacks a piece would be too long, so each field is one.
template <class Row>
class FieldByField {
 public:
  explicit FieldByField(Row& row) : row_(row) {}
  template <class Fields>
  void piece(Fields&& fields) {
    const auto alone = [&](auto& part, unsigned width) { row_.piece([&](auto& field) { field(part, width); }); };
    fields(alone);
  }

 private:
  Row& row_;
};

// A state of `kStacks` stacks. Of each of its parts one function says what there is to it.
template <unsigned kStacks, class Row>
class Parts {
 public:
  Parts(Row& row, unsigned connections) : row_(row), connections_(connections) {}

  template <class Part>
  void of(Part& state) {
    for_each([&](Stack i) { of_stack(state.stacks[i], i); });
    for (unsigned c = 0; c < connections_; ++c) of_client(state.clients[c]);
    of_environment(state);
    for_each([&](Stack i) {
      row_.piece([&](auto& field) {
        for_each([&](Stack j) {
          if (i != j) field(state.bus[i][j].size, std::bit_width(kChannelMax));
        });
      });
    });
    for_each_pair([&](Stack i, Stack j) { of_channel(state.bus[i][j]); });
    of_frames(state.frames);
  }

 private:
  static constexpr unsigned kSet = kStacks;                   // bits of a set of stacks
  static constexpr unsigned kName = std::bit_width(kStacks);  // of a stack, or nobody

  template <class Do>
  static void for_each(Do&& act) {
#pragma GCC unroll 4
    for (Stack i = 1; i <= kStacks; ++i) act(i);
  }
  template <class Do>
  static void for_each_pair(Do&& act) {
    for_each([&](Stack i) {
      for_each([&](Stack j) {
        if (i != j) act(i, j);
      });
    });
  }

  template <class Part>
  void of_stack(Part& stack, Stack i) {
    row_.piece([&](auto& field) {
      field(stack.life, 2);
      field(stack.ready, 1);
      field(stack.listening, 1);
      field(stack.asked, 1);
      field(stack.view, kSet);
      field(stack.outlived, kSet);
      field(stack.listed, kSet);
      field(stack.primaries, kSet);
      field(stack.leaving, kSet);
      field(stack.waiting, kSet);
      field(stack.dpt, kSet);
      field(stack.newest, kEpochBits);
      field(stack.owning, kEpochBits);
      field(stack.claiming, kEpochBits);
    });
    row_.piece([&](auto& field) {
      for_each([&](Stack j) {
        if (i != j) field(stack.said[j], kEpochBits);
      });
      for (unsigned c = 0; c < connections_; ++c) {
        field(stack.crt[c].target, kName);
        field(stack.crt[c].fresh, 1);
        field(stack.crt[c].present, 1);
        field(stack.endpoint[c].end, 2);
        field(stack.endpoint[c].instance, 2);
      }
    });
  }

  template <class Part>
  void of_client(Part& client) {
    row_.piece([&](auto& field) {
      field(client.end, 2);
      field(client.instance, 2);
      field(client.peer, kName);
      field(client.syns_alive, 4);
      field(client.contested, 1);
    });
  }

  template <class Part>
  void of_environment(Part& state) {
    row_.piece([&](auto& field) {
      field(state.reach, kSet);
      field(state.reach_far, kSet);
      field(state.far, kSet);
      field(state.cut, 2);
      field(state.harm, 8);
      field(state.left.crashes, 2);
      field(state.left.restarts, 2);
      field(state.left.pauses, 2);
      field(state.left.partitions, 2);
      field(state.left.listener_changes, 2);
      field(state.left.moves, 2);
      field(state.left.departures, 2);
      field(state.left.lists, 2);
      field(state.frames.size, std::bit_width(kFramesMax));
    });
  }

  template <class Part>
  void of_channel(Part& channel) {
    for (unsigned n = 0; n < channel.size; ++n)
      row_.piece([&](auto& field) { field(channel.messages[n], kTogetherAt + 1); });
  }

  template <class Part>
  void of_frames(Part& set) {
    for (unsigned n = 0; n < set.size; ++n)
      row_.piece([&](auto& field) {
        field(set.frames[n].connection, kConnectionBits);
        field(set.frames[n].instance, 2);
        field(set.frames[n].epoch, kEpochBits);
        field(set.frames[n].to, kName);
      });
  }

  Row& row_;
  unsigned connections_;
};

// Most configurations have no more than three stacks, and their states are smaller.
template <class Row, class Part>
void pass(Row& row, Part& state, unsigned stacks, unsigned connections) {
  if (kStacksMax > 4) {
    FieldByField<Row> fields(row);
    Parts<kStacksMax, FieldByField<Row>>(fields, connections).of(state);
  } else if (stacks < kStacksMax)
    Parts<kStacksMax - 1, Row>(row, connections).of(state);
  else
    Parts<kStacksMax, Row>(row, connections).of(state);
}

}  // namespace

PackedMessage packed(const Message& message) {
  const unsigned kind = static_cast<unsigned>(message.kind);
  if (message.epoch > low(kEpochBits) || message.about > low(kAboutBits))
    broken("a field of a message is larger than what is stored of it");
  const unsigned about = message.about | (message.present ? 1U << kConnectionBits : 0U);
  return static_cast<PackedMessage>(kind | unsigned{message.epoch} << kEpochAt | about << kAboutAt |
                                    unsigned{message.target} << kTargetAt |
                                    (message.together ? 1U << kTogetherAt : 0U));
}

void Channel::push(const Message& message) {
  if (size == kChannelMax) broken("a bus channel holds more than kChannelMax messages");
  messages[size++] = packed(message);
}

bool Channel::may_come(unsigned n) const {
  if (n >= size) return false;
  for (unsigned earlier = 0; earlier < n; ++earlier)
    if (!(*this)[earlier].together || (*this)[earlier].about == (*this)[n].about) return false;
  return n == 0 || (*this)[n].together;
}

Message Channel::take(unsigned n) {
  const Message taken = (*this)[n];
  std::copy(messages.begin() + n + 1, messages.begin() + size, messages.begin() + n);
  messages[--size] = 0;
  return taken;
}

bool Channel::ends_for(std::uint8_t connection, const Message& message) const {
  using M = MessageKind;
  for (unsigned n = size; n-- != 0;) {
    const Message each = (*this)[n];
    const bool of_connection =
        each.kind == M::new_conn || each.kind == M::term_conn || each.kind == M::verify || each.kind == M::not_held;
    if (of_connection && each.about == connection) return each == message;
  }
  return false;
}

void Channel::clear() { *this = {}; }

void Channel::outlive(Stack target) {
  for (unsigned n = 0; n < size; ++n) {
    Message message = (*this)[n];
    if (message.kind != MessageKind::new_conn || message.target != target) continue;
    message.present = false;
    messages[n] = packed(message);
  }
}

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

void encode(const State& state, unsigned stacks, unsigned connections, checker::Bytes& out) {
  Writer writer;
  pass(writer, state, stacks, connections);
  writer.finish(out);
}

State decode(unsigned stacks, unsigned connections, checker::ByteView in) {
  State state;
  Reader reader(in);
  pass(reader, state, stacks, connections);
  return state;
}

}  // namespace dvipa::model
