#include "impl/wire/remotes.hpp"

#include <cstring>

namespace dvipa::wire {
namespace {

enum class Family : std::uint8_t { v4 = 4, v6 = 6 };

Family family_of(const Remote& remote) { return remote.client.is_v4() ? Family::v4 : Family::v6; }
constexpr std::size_t bytes_of(Family family) { return family == Family::v4 ? remote_v4_bytes : remote_v6_bytes; }

void store(const Remote& remote, Family family, std::uint8_t* to) {
  const std::size_t skipped = family == Family::v4 ? 12 : 0;
  std::memcpy(to, remote.client.bytes.data() + skipped, 16 - skipped);
  store_u16(to + 16 - skipped, remote.client_port);
  store_u16(to + 18 - skipped, remote.dvipa_port);
}

void load_v4(const std::uint8_t* from, Remote& remote) {
  remote.client = Address::v4(load_u32(from));
  remote.client_port = load_u16(from + 4);
  remote.dvipa_port = load_u16(from + 6);
}

void load_v6(const std::uint8_t* from, Remote& remote) {
  std::memcpy(remote.client.bytes.data(), from, 16);
  remote.client_port = load_u16(from + 16);
  remote.dvipa_port = load_u16(from + 18);
}

// The family and count at the start of a run; the count is what the bytes can hold. Fails otherwise.
struct Run {
  Family family = Family::v4;
  std::size_t count = 0;
};
Run read_run_header(Reader& reader) {
  const std::size_t place = reader.offset();
  const std::uint8_t family = reader.u8();
  const std::size_t count = reader.u32();
  if (reader.failed()) return {};
  if (family != 4 && family != 6) {
    reader.fail_at(place, "family of addresses not known");
    return {};
  }
  const Run run{static_cast<Family>(family), count};
  if (count == 0) reader.fail_at(place, "empty run of remotes");
  if (count > reader.remaining() / bytes_of(run.family)) reader.fail_at(place, "more remotes claimed than are there");
  return run;
}

}  // namespace

void write_remotes(Writer& writer, std::span<const Remote> remotes) {
  while (!remotes.empty()) {
    const Family family = family_of(remotes.front());
    std::size_t count = 1;
    while (count < remotes.size() && family_of(remotes[count]) == family) ++count;
    writer.u8(static_cast<std::uint8_t>(family));
    writer.u32(static_cast<std::uint32_t>(count));
    std::uint8_t* to = writer.room(count * bytes_of(family));
    for (const Remote& remote : remotes.first(count)) {
      store(remote, family, to);
      to += bytes_of(family);
    }
    remotes = remotes.subspan(count);
  }
}

void read_remotes(Reader& reader, std::vector<Remote>& remotes) {
  std::uint8_t last_family = 0;
  while (reader.remaining() > 0) {
    const std::size_t place = reader.offset();
    const Run run = read_run_header(reader);
    if (reader.failed()) return;
    if (static_cast<std::uint8_t>(run.family) == last_family) return reader.fail_at(place, "run of remotes in pieces");
    last_family = static_cast<std::uint8_t>(run.family);
    const std::uint8_t* from = reader.take(run.count * bytes_of(run.family));
    const std::size_t known = remotes.size();
    remotes.resize(known + run.count);
    for (Remote& remote : std::span(remotes).subspan(known)) {
      run.family == Family::v4 ? load_v4(from, remote) : load_v6(from, remote);
      if (run.family == Family::v6 && remote.client.is_v4())
        return reader.fail_at(place, "IPv4 remote among IPv6 ones");
      from += bytes_of(run.family);
    }
  }
}

}  // namespace dvipa::wire
