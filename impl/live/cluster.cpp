// cluster.toml, read strictly: a key that is not known here is an error, as a misspelt one would otherwise be ignored.
#include "impl/live/cluster.hpp"

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include <fmt/format.h>
#include <algorithm>
#include <initializer_list>
#include <map>
#include <utility>

namespace dvipa {
namespace {

constexpr std::int64_t interval_ms_max = 60'000;
constexpr std::int64_t misses_max = 1'000;

// Reads one file; the first thing wrong is kept, and nothing is read after it.
class ClusterReader {
 public:
  explicit ClusterReader(const std::filesystem::path& file) : file_(file) {}

  tl::expected<Cluster, ClusterError> read() {
    toml::parse_result parsed = toml::parse_file(file_.string());
    if (!parsed) {
      const toml::source_region& place = parsed.error().source();
      if (place.begin.line == 0)
        return refuse(place, std::string(parsed.error().description()), "name a file that can be read");
      return refuse(place, std::string(parsed.error().description()), "write it as TOML");
    }
    const toml::table& root = parsed.table();
    known_keys(root, {"key_file", "lists", "heartbeat", "member"});
    read_lists(root);
    read_heartbeat(root);
    read_members(root);
    if (!error_) read_key_file(root);
    if (error_) return tl::unexpected(*error_);
    return cluster_;
  }

 private:
  tl::unexpected<ClusterError> refuse(const toml::source_region& place, std::string what, std::string remedy) {
    if (!error_) error_ = ClusterError{file_, place.begin.line, place.begin.column, std::move(what), std::move(remedy)};
    return tl::unexpected(*error_);
  }

  void known_keys(const toml::table& table, std::initializer_list<std::string_view> known) {
    for (const auto& [key, value] : table)
      if (std::find(known.begin(), known.end(), key.str()) == known.end())
        refuse(key.source(), fmt::format("`{}` is not known here", key.str()),
               fmt::format("use one of: {}", fmt::join(known, ", ")));
  }

  // LST-7
  void read_lists(const toml::table& root) {
    const toml::node* node = root.get("lists");
    if (node == nullptr) return;
    const auto said = node->value<std::string>();
    cluster_.lists_to_concerned = said == "concerned";
    if (!said || (*said != "concerned" && *said != "all"))
      refuse(node->source(), "`lists` is neither \"all\" nor \"concerned\"", "write lists = \"all\"");
  }

  const toml::node* required(const toml::table& table, std::string_view key, std::string_view example) {
    const toml::node* node = table.get(key);
    if (node == nullptr) refuse(table.source(), fmt::format("`{}` is missing", key), fmt::format("add {}", example));
    return node;
  }

  std::string string_of(const toml::table& table, std::string_view key, std::string_view example) {
    const toml::node* node = required(table, key, example);
    if (node == nullptr) return {};
    const auto* text = node->as_string();
    if (text != nullptr && !text->get().empty()) return text->get();
    refuse(node->source(), fmt::format("`{}` is not a text", key), fmt::format("write {}", example));
    return {};
  }

  std::int64_t number_of(const toml::node& node, std::string_view key, std::int64_t most) {
    const auto* number = node.as_integer();
    if (number != nullptr && number->get() >= 1 && number->get() <= most) return number->get();
    refuse(node.source(), fmt::format("`{}` is not a whole number from 1 to {}", key, most), "write one");
    return 1;
  }

  void read_heartbeat(const toml::table& root) {
    const toml::node* node = root.get("heartbeat");
    if (node == nullptr) return;
    const toml::table* table = node->as_table();
    if (table == nullptr) {
      refuse(node->source(), "`heartbeat` is not a table", "write [heartbeat]");
      return;
    }
    known_keys(*table, {"interval_ms", "misses"});
    if (const toml::node* interval = table->get("interval_ms"))
      cluster_.heartbeat.interval_ms = static_cast<unsigned>(number_of(*interval, "interval_ms", interval_ms_max));
    if (const toml::node* misses = table->get("misses"))
      cluster_.heartbeat.misses = static_cast<unsigned>(number_of(*misses, "misses", misses_max));
  }

  void read_members(const toml::table& root) {
    const toml::node* node = required(root, "member", "a [[member]] for each host");
    if (node == nullptr) return;
    const toml::array* members = node->as_array();
    if (members == nullptr || members->empty() || !members->is_homogeneous<toml::table>()) {
      refuse(node->source(), "`member` is not a list of tables", "write a [[member]] for each host");
      return;
    }
    if (members->size() > stack_id_max) {
      refuse(members->get(stack_id_max)->source(), fmt::format("{} members", members->size()),
             fmt::format("a group has at most {} members", stack_id_max));
      return;
    }
    for (const toml::node& member : *members) read_member(*member.as_table());
    std::sort(cluster_.members.begin(), cluster_.members.end(),
              [](const ClusterMember& a, const ClusterMember& b) { return a.xcf < b.xcf; });
    for (std::size_t i = 0; i < cluster_.members.size(); ++i)
      cluster_.members[i].stack = StackId{static_cast<std::uint8_t>(i + 1)};
  }

  void read_member(const toml::table& table) {
    known_keys(table, {"name", "xcf", "port"});
    ClusterMember member;
    member.name = string_of(table, "name", "name = \"MVS1\"");
    const std::string xcf = string_of(table, "xcf", "xcf = \"10.77.0.1\"");
    const toml::node* port = required(table, "port", "port = 7400");
    if (error_) return;
    member.port = static_cast<Port>(number_of(*port, "port", 65'535));
    const auto address = parse_address(xcf);
    if (!address || !address->is_v4() || address->v4_value() == 0)
      refuse(table.get("xcf")->source(), fmt::format("`{}` is not an IPv4 address", xcf), "write one, as 10.77.0.1");
    if (address) member.xcf = *address;
    for (const ClusterMember& other : cluster_.members) {
      if (other.name == member.name)
        refuse(table.get("name")->source(), fmt::format("a second member `{}`", member.name),
               "give each member its own name");
      if (other.xcf == member.xcf)
        refuse(table.get("xcf")->source(), fmt::format("{} is the XCF address of {} already", xcf, other.name),
               "give each member its own address");
    }
    cluster_.members.push_back(std::move(member));
  }

  void read_key_file(const toml::table& root) {
    const std::string name = string_of(root, "key_file", "key_file = \"cluster.key\"");
    if (error_) return;
    auto key = read_key(file_.parent_path() / name);
    if (!key) {
      error_ = std::move(key.error());
      return;
    }
    cluster_.key = *key;
  }

  const std::filesystem::path& file_;
  Cluster cluster_;
  std::optional<ClusterError> error_;
};

}  // namespace

const ClusterMember* Cluster::find(std::string_view name) const {
  for (const ClusterMember& member : members)
    if (member.name == name) return &member;
  return nullptr;
}

const ClusterMember* Cluster::find(StackId stack) const {
  return stack && stack.value <= members.size() ? &members[stack.value - 1U] : nullptr;
}

std::string to_string(const ClusterError& error) {
  std::string text = error.file.string();
  if (error.line != 0) text += fmt::format(":{}:{}", error.line, error.column);
  text += ": " + error.what;
  if (!error.remedy.empty()) text += " (" + error.remedy + ")";
  return text;
}

tl::expected<Cluster, ClusterError> read_cluster(const std::filesystem::path& file) {
  return ClusterReader(file).read();
}

wire::Digest digest_of_members(const Cluster& cluster) {
  std::string text;
  for (const ClusterMember& member : cluster.members)
    text += fmt::format("{} {}:{} {}\n", member.stack.value, to_string(member.xcf), member.port, member.name);
  return wire::digest({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

}  // namespace dvipa
