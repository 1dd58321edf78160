// The law of include directions.
#include "tests/style/directions.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <vector>

namespace dvipa::style {
namespace {

struct Room {
  std::string_view path;
  std::vector<std::string_view> sees;  // besides itself; a room with the rooms in it
};

// spec and impl are two independent opinions. Both speak in the nouns of spec/vocabulary, and nothing but
// harness/refine and the tests sees both.
const std::vector<Room>& rooms() {
  static const std::vector<Room> all = {
      {"spec/vocabulary", {}},
      {"spec/requirements", {}},
      {"spec/model", {"spec/vocabulary", "spec/checker"}},  // the concept of a model
      {"spec/checker", {}},
      {"impl/profile", {"spec/vocabulary"}},
      {"impl/tables", {"spec/vocabulary"}},
      {"impl/roles", {"spec/vocabulary"}},
      {"impl/wire", {"spec/vocabulary"}},
      {"impl/stack", {"spec/vocabulary", "impl/roles", "impl/tables"}},
      {"impl/live", {"spec/vocabulary", "impl/stack", "impl/wire", "pcap/port", "pcap/packet"}},
      {"pcap", {"spec/vocabulary"}},
      {"harness/world", {"spec/vocabulary", "impl/stack", "impl/wire"}},
      {"harness/refine", {"spec/vocabulary", "spec/model", "impl/stack", "harness/world"}},
      {"harness/lab", {"spec/vocabulary"}},
      {"harness/report", {"spec/vocabulary", "spec/requirements", "harness/conform"}},
      // What a scenario says becomes profiles, and stacks and kernels are asked as their operator asks them.
      {"harness/conform/play",
       {"spec/vocabulary", "harness/world", "harness/lab", "harness/conform", "pcap", "impl/profile",
        "impl/live/control", "impl/live/kernel"}},
      {"harness/conform", {"spec/vocabulary", "spec/requirements", "harness/world", "harness/lab", "pcap"}},
      {"harness/cli", {"spec", "impl", "pcap", "harness", "tests/bench"}},
      {"tests", {"spec", "impl", "pcap", "harness"}},
  };
  return all;
}

constexpr std::array<std::string_view, 5> parts = {"spec", "impl", "pcap", "harness", "tests"};

bool is_in(std::string_view path, std::string_view room) {
  return path.starts_with(room) && path.size() > room.size() && path[room.size()] == '/';
}

const Room* room_of(std::string_view path) {
  const auto room = std::ranges::find_if(rooms(), [&](const Room& each) { return is_in(path, each.path); });
  return room == rooms().end() ? nullptr : &*room;
}

// The name between the quotes of `#include "name"`, with blanks wherever the language allows them.
std::optional<std::string_view> included(std::string_view line) {
  const auto skip_blanks = [&] { line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size())); };
  skip_blanks();
  if (!line.starts_with('#')) return std::nullopt;
  line.remove_prefix(1);
  skip_blanks();
  if (!line.starts_with("include")) return std::nullopt;
  line.remove_prefix(std::string_view("include").size());
  skip_blanks();
  if (!line.starts_with('"')) return std::nullopt;
  line.remove_prefix(1);
  return line.substr(0, line.find('"'));
}

}  // namespace

std::optional<std::string> wrong_include(std::string_view path, std::string_view line) {
  const auto name = included(line);
  if (!name) return std::nullopt;
  if (std::ranges::none_of(parts, [&](std::string_view part) { return is_in(*name, part); }))
    return fmt::format("\"{}\" is not written from the root of the repository", *name);
  const Room* room = room_of(path);
  if (room == nullptr) return fmt::format("{} is in no room of the table of directions", path);
  const auto may_see = [&](std::string_view seen) { return is_in(*name, seen); };
  if (is_in(*name, room->path) || std::ranges::any_of(room->sees, may_see)) return std::nullopt;
  return fmt::format("{} may not include {}", room->path, *name);
}

}  // namespace dvipa::style
