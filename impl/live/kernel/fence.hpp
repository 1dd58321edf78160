#pragma once
// The fence: the kernel of this host takes packets to a DVIPA from the network only when their frame comes from a
// stack that forwards that DVIPA. Frames straight from clients are left to the packet port, which taps before the
// fence, and late frames of a former owner are refused (FLV-10).
//
// One nftables table of family netdev on the interface; membership of DVIPAs and forwarders is in sets, so that a
// frame costs the same whatever their number.
#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "impl/live/kernel/failure.hpp"
#include "impl/live/kernel/journal.hpp"
#include "spec/vocabulary/address.hpp"

namespace dvipa::kernel {

using MacAddress = std::array<std::uint8_t, 6>;

// Changes of the fence. Each is idempotent.
struct Protect {  // from now on frames to it need an accepted forwarder
  Address dvipa;
};
struct Unprotect {
  Address dvipa;
};
struct AcceptForwarder {
  Address dvipa;
  MacAddress forwarder;
};
struct RefuseForwarder {
  Address dvipa;
  MacAddress forwarder;
};
using FenceChange = std::variant<Protect, Unprotect, AcceptForwarder, RefuseForwarder>;

struct FenceCounters {
  std::uint64_t refused_packets_v4 = 0;
  std::uint64_t refused_bytes_v4 = 0;
  std::uint64_t refused_packets_v6 = 0;
  std::uint64_t refused_bytes_v6 = 0;
};

class Fence {
 public:
  // Makes the table "dvipa_<interface>" (an older one of that name is replaced). `journal` must outlive this.
  static Result<Fence> open(Journal& journal, const std::string& interface);
  Fence(Fence&&) noexcept;
  Fence& operator=(Fence&&) noexcept;
  ~Fence();  // leaves the table: close() or undo_all() removes it

  // All or none, and no frame sees a part of them.
  Result<void> apply(std::span<const FenceChange> changes);
  Result<void> protect(const Address& dvipa);
  Result<void> unprotect(const Address& dvipa);
  Result<void> accept_forwarder(const Address& dvipa, const MacAddress& forwarder);
  Result<void> refuse_forwarder(const Address& dvipa, const MacAddress& forwarder);

  Result<FenceCounters> counters();
  Result<void> close();

 private:
  struct State;
  explicit Fence(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// For undo_all(): fine when the table is gone.
Result<void> remove_fence_table(const std::string& table);

}  // namespace dvipa::kernel
