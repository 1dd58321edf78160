// The messages as elements. What a message consists of is taken from its C++ type: a member `dvipa` means an element
// `dvipa`, and so on. docs/wire.md is the same for readers.
#include "impl/wire/codec.hpp"

#include <algorithm>
#include <span>
#include <type_traits>

#include "impl/wire/bytes.hpp"
#include "impl/wire/invariant.hpp"
#include "impl/wire/list_entry.hpp"
#include "impl/wire/remotes.hpp"
#include "impl/wire/well_formed.hpp"

namespace dvipa::wire {
namespace {

// On the wire; never given to anything else.
template <class M>
constexpr std::uint16_t kind_of = 0;
template <>
constexpr std::uint16_t kind_of<VipaList> = 1;
template <>
constexpr std::uint16_t kind_of<SrvStat> = 2;
template <>
constexpr std::uint16_t kind_of<NewConn> = 3;
template <>
constexpr std::uint16_t kind_of<TermConn> = 4;
template <>
constexpr std::uint16_t kind_of<EndOfReport> = 5;
template <>
constexpr std::uint16_t kind_of<TakeOver> = 6;
template <>
constexpr std::uint16_t kind_of<Released> = 7;
template <>
constexpr std::uint16_t kind_of<Verify> = 8;
template <>
constexpr std::uint16_t kind_of<NotHeld> = 9;
template <>
constexpr std::uint16_t kind_of<Leaving> = 10;
template <>
constexpr std::uint16_t kind_of<Capacity> = 11;
template <>
constexpr std::uint16_t kind_of<Affinity> = 12;
template <>
constexpr std::uint16_t kind_of<ListAsked> = 13;

enum Tag : std::uint16_t {
  tag_dvipa = 1,
  tag_epoch = 2,
  tag_port = 3,
  tag_listening = 4,
  tag_target = 5,
  tag_remotes = 6,
  tag_entry = 7,
  tag_weight = 8,
  tag_life = 9,
  tag_inherited = 10
};

template <class M>
concept HasDvipa = requires(M m) {
  m.dvipa;
  m.epoch;
};
template <class M>
concept HasPort = requires(M m) {
  m.port;
  m.listening;
};
template <class M>
concept HasTarget = requires(M m) {
  m.target;
};
template <class M>
concept HasRemotes = requires(M m) {
  m.remotes;
};
template <class M>
concept HasWeight = requires(M m) {
  m.weight;
};
template <class M>
concept HasLife = requires(M m) {
  m.life;
};
template <class M>
concept HasEntries = requires(M m) {
  m.entries;
};

void assert_well_formed(const VipaList& list) {
  const Address* last = nullptr;
  for (const ListEntry& entry : list.entries) {
    require(fault_of(entry).empty(), "a definition in a VIPA list is well formed");
    require(last == nullptr || *last < entry.definition.dvipa, "a VIPA list ascends by address");
    last = &entry.definition.dvipa;
  }
}

template <class M>
void write_fields(Writer& writer, const M& message, [[maybe_unused]] std::size_t first,
                  [[maybe_unused]] std::size_t count) {
  if constexpr (HasDvipa<M>) {
    writer.element(tag_dvipa, [&] { writer.address(message.dvipa); });
    writer.element(tag_epoch, [&] { writer.epoch(message.epoch); });
  }
  if constexpr (HasPort<M>) {
    writer.element(tag_port, [&] { writer.u16(message.port); });
    writer.element(tag_listening, [&] { writer.flag(message.listening); });
  }
  if constexpr (HasTarget<M>) writer.element(tag_target, [&] { writer.u8(message.target.value); });
  if constexpr (HasRemotes<M>)
    writer.element(tag_remotes, [&] { write_remotes(writer, std::span(message.remotes).subspan(first, count)); });
  if constexpr (HasEntries<M>) {
    assert_well_formed(message);
    for (const ListEntry& entry : message.entries) writer.element(tag_entry, [&] { write_entry(writer, entry); });
  }
  if constexpr (HasWeight<M>) {
    require(message.weight != 0, "a capacity has a weight");
    writer.element(tag_weight, [&] { writer.u16(message.weight); });
  }
  if constexpr (HasLife<M>) {
    if (message.life != 0) writer.element(tag_life, [&] { writer.u64(message.life); });
    if (message.inherited) writer.element(tag_inherited, [&] { writer.flag(true); });
  }
}

std::size_t remote_count(const Message& message) {
  return std::visit(
      [](const auto& each) -> std::size_t {
        if constexpr (HasRemotes<std::decay_t<decltype(each)>>) return each.remotes.size();
        return 0;
      },
      message);
}

// A message with the remotes first..first+count of `message`, if it has remotes.
void encode_range(const Message& message, std::size_t first, std::size_t count, std::vector<std::uint8_t>& out) {
  Writer writer(out);
  std::visit(
      [&]<class M>(const M& each) {
        writer.u8(format_version);
        writer.u16(kind_of<M>);
        write_fields(writer, each, first, count);
      },
      message);
}

template <class M>
bool read_field(Reader& reader, std::uint16_t tag, std::size_t length, M& message) {
  if constexpr (HasDvipa<M>) {
    if (tag == tag_dvipa) return message.dvipa = reader.address(length), true;
    if (tag == tag_epoch) return message.epoch = reader.epoch(), true;
  }
  if constexpr (HasPort<M>) {
    if (tag == tag_port) return message.port = reader.u16(), true;
    if (tag == tag_listening) return message.listening = reader.flag(), true;
  }
  if constexpr (HasTarget<M>)
    if (tag == tag_target) return message.target = reader.stack(), true;
  if constexpr (HasRemotes<M>)
    if (tag == tag_remotes) return read_remotes(reader, message.remotes), true;
  if constexpr (HasEntries<M>)
    if (tag == tag_entry) {
      const std::size_t place = reader.offset();
      ListEntry entry = read_entry(reader);
      if (!message.entries.empty() && message.entries.back().definition.dvipa >= entry.definition.dvipa)
        reader.fail_at(place, "list entries not ascending");
      message.entries.push_back(std::move(entry));
      return true;
    }
  if constexpr (HasWeight<M>)
    if (tag == tag_weight) {
      const std::size_t place = reader.offset();
      message.weight = reader.u16();
      if (message.weight == 0) reader.fail_at(place, "capacity without a weight");
      return true;
    }
  if constexpr (HasLife<M>) {
    const std::size_t place = reader.offset();
    if (tag == tag_life) {
      message.life = reader.u64();
      if (message.life == 0) reader.fail_at(place, "a life without a number");
      return true;
    }
    if (tag == tag_inherited) {
      message.inherited = reader.flag();
      if (!message.inherited) reader.fail_at(place, "a flag that says nothing");
      return true;
    }
  }
  return false;
}

// All but list entries, of which there may be none, and what need not be said of a target.
template <class M>
constexpr unsigned mandatory_tags() {
  unsigned tags = 0;
  if (HasDvipa<M>) tags |= 1U << tag_dvipa | 1U << tag_epoch;
  if (HasPort<M>) tags |= 1U << tag_port | 1U << tag_listening;
  if (HasTarget<M>) tags |= 1U << tag_target;
  if (HasRemotes<M>) tags |= 1U << tag_remotes;
  if (HasWeight<M>) tags |= 1U << tag_weight;
  return tags;
}

template <class M>
Message read_message(Reader& reader) {
  M message;
  unsigned seen = 0;
  reader.elements(tag_entry, [&](std::uint16_t tag, std::size_t length) {
    const bool known = read_field(reader, tag, length, message);
    if (known) seen |= 1U << tag;
    return known;
  });
  if ((seen & mandatory_tags<M>()) != mandatory_tags<M>()) reader.fail("message lacks an element");
  return message;
}

using ReadMessage = Message (*)(Reader&);
template <class... M>
ReadMessage reader_of(std::uint16_t kind, std::variant<M...>*) {
  ReadMessage found = nullptr;
  ((kind == kind_of<M> ? void(found = &read_message<M>) : void()), ...);
  return found;
}

}  // namespace

void encode(const Message& message, std::vector<std::uint8_t>& out) {
  encode_range(message, 0, remote_count(message), out);
}

std::size_t part_count(const Message& message) {
  return std::max<std::size_t>(1, (remote_count(message) + remotes_per_message_max - 1) / remotes_per_message_max);
}

void encode_part(const Message& message, std::size_t part, std::vector<std::uint8_t>& out) {
  const std::size_t first = part * remotes_per_message_max;
  encode_range(message, first, std::min(remotes_per_message_max, remote_count(message) - first), out);
}

tl::expected<std::optional<Message>, WireError> decode(std::span<const std::uint8_t> bytes) {
  Reader reader(bytes);
  const std::uint8_t version = reader.u8();
  const std::uint16_t kind = reader.u16();
  if (reader.failed()) return tl::unexpected(reader.error());
  const ReadMessage read = reader_of(kind, static_cast<Message*>(nullptr));
  if (version != format_version || read == nullptr) return std::optional<Message>();
  std::optional<Message> message = read(reader);
  if (reader.failed()) return tl::unexpected(reader.error());
  return message;
}

}  // namespace dvipa::wire
