#pragma once
// The group as its operator describes it in cluster.toml: the members, the heartbeat, and the key that they share.
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "impl/wire/seal.hpp"
#include "spec/vocabulary/address.hpp"
#include "spec/vocabulary/connection.hpp"
#include "spec/vocabulary/identity.hpp"

namespace dvipa {

struct ClusterMember {
  std::string name;
  Address xcf;
  Port port = 0;  // TCP, of the bus
  StackId stack;  // its place, from 1, in the ascending order of the XCF addresses
};

struct Heartbeat {
  unsigned interval_ms = 50;  // 1-60,000
  unsigned misses = 5;        // 1-1,000; a member is silent after interval_ms * misses without a byte from it
};

struct Cluster {
  std::vector<ClusterMember> members;  // ascending by StackId: members[i].stack.value == i + 1
  Heartbeat heartbeat;
  bool lists_to_concerned = false;  // VIPA lists tell a member only what concerns it (LST-7)
  wire::ClusterKey key{};

  const ClusterMember* find(std::string_view name) const;  // null when nobody has this name
  const ClusterMember* find(StackId stack) const;          // null when there is no such member
};

struct ClusterError {
  std::filesystem::path file;
  unsigned line = 0;  // from 1; 0 when it is about the whole file
  unsigned column = 0;
  std::string what;
  std::string remedy;
};
// "file:line:column: what (remedy)"
std::string to_string(const ClusterError& error);

// Reads cluster.toml at `file` and the key file that it names. The first thing wrong is the error.
tl::expected<Cluster, ClusterError> read_cluster(const std::filesystem::path& file);

// The same for 64 hexadecimal digits in `file`, which nobody but its owner may be able to read.
tl::expected<wire::ClusterKey, ClusterError> read_key(const std::filesystem::path& file);
// Writes a new random key to `file`, which must not exist, readable by its owner only.
tl::expected<void, ClusterError> write_new_key(const std::filesystem::path& file);

// What two members must agree on before they can talk: equal when names, addresses and ports of all members are.
wire::Digest digest_of_members(const Cluster& cluster);

}  // namespace dvipa
