#pragma once
// The statements of a profile as they were written, each part with its place, before any of them takes effect.
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <variant>
#include <vector>

#include "spec/vocabulary/address.hpp"

namespace dvipa::profile {

struct Place {
  std::size_t offset = 0;  // bytes from the start of the text
  std::size_t length = 0;
};

template <class Value>
struct Placed {
  Value value{};
  Place place;
};

// A keyword that chooses something.
enum class Option {
  immediate,
  when_idle,
  nondisruptive,
  disruptive,
  cluster_ports,
  content_routed,
  round_robin,
  weighted,
  base_wlm,
  weighted_active,
  hot_standby,
  timed_affinity,
};

// An option of a statement, with the number behind it where it takes one.
struct ChosenOption {
  Option value{};
  Place place;
  unsigned number = 0;
};

struct Mask {
  unsigned bits = 0;    // 1-128
  bool dotted = false;  // written as an IPv4 mask
};

// Numbers are read whole, and checked for their range when they take effect; greater ones are all this one.
inline constexpr unsigned number_max = 1'000'000'000;

struct DefineStatement {
  Place keyword;
  std::vector<ChosenOption> options;
  Placed<Mask> mask;
  std::vector<Placed<Address>> addresses;
};

struct BackupStatement {
  Place keyword;
  std::optional<Placed<unsigned>> rank;
  std::vector<Placed<Address>> addresses;
};

struct PortItem {
  Placed<unsigned> first;
  Placed<unsigned> last;  // the same as `first` for a single port
};

struct Destination {
  Placed<Address> xcf_address;
  std::optional<Placed<unsigned>> weight;
  bool all = false;  // DESTIP ALL: the only element, without an address
};

struct DistributeStatement {
  Place keyword;
  std::vector<ChosenOption> options;
  Placed<Address> dvipa;
  std::vector<PortItem> ports;  // none: no PORT was written
  std::vector<Destination> destinations;
};

struct UndistributeStatement {
  Place keyword;
  Placed<Address> dvipa;
};

struct RangeStatement {
  Place keyword;
  std::vector<ChosenOption> options;
  Placed<Mask> mask;
  Placed<Address> address;
};

struct UnrangeStatement {
  Place keyword;
  Placed<Mask> mask;
  Placed<Address> address;
};

struct DeleteStatement {
  Place keyword;
  std::vector<Placed<Address>> addresses;
};

struct SourceStatement {
  Place keyword;
  Placed<Address> source;
  Placed<std::string> job;
};

struct UnsourceStatement {
  Place keyword;
  Placed<std::string> job;
};

using Statement = std::variant<DefineStatement, BackupStatement, DistributeStatement, UndistributeStatement,
                               RangeStatement, UnrangeStatement, DeleteStatement, SourceStatement, UnsourceStatement>;

// Why a profile is refused; what was found is the text at `at`.
struct Refusal {
  std::optional<Place> statement;  // its keyword
  Place at;                        // of length 0: the text ends here
  std::string expected;
};

// The statements between VIPADYNAMIC and ENDVIPADYNAMIC, in their order (CFG-1).
tl::expected<std::vector<Statement>, Refusal> read_statements(std::string_view text);

}  // namespace dvipa::profile
