#pragma once
// What this process has changed on its host, written down before it is changed, so that a process killed at any
// moment leaves nothing that its successor cannot take back.
//
// The file holds JSON lines: who writes it, then one line a change made or taken back. It lives in memory (/run), so
// nothing is synchronised to a disk: it must survive the process, not the host.
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "impl/live/kernel/failure.hpp"
#include "spec/vocabulary/address.hpp"

namespace dvipa::kernel {

struct LoopbackRaised {  // `lo` was down
  auto operator<=>(const LoopbackRaised&) const = default;
};
struct AddressAdded {  // to `lo`, as a hidden address (LST-2)
  Address address;
  auto operator<=>(const AddressAdded&) const = default;
};
struct SysctlSet {
  std::string path;    // below /proc/sys, as in "net/ipv4/conf/all/arp_ignore"
  std::string before;  // without the line end
  std::string after;
  auto operator<=>(const SysctlSet&) const = default;
};
struct FenceTableMade {  // a table of family netdev
  std::string table;
  auto operator<=>(const FenceTableMade&) const = default;
};
struct TunDeviceMade {
  std::string name;
  auto operator<=>(const TunDeviceMade&) const = default;
};
using HostChange = std::variant<LoopbackRaised, AddressAdded, SysctlSet, FenceTableMade, TunDeviceMade>;

std::string describe(const HostChange& change);

// Where the journal of a stack lies. The inode of the network namespace is part of the name, so that hosts made of
// namespaces do not meet in one file.
struct JournalPlace {
  std::string name;                                // of the stack
  std::filesystem::path directory = "/run/dvipa";  // made when missing
  std::filesystem::path fallback_directory;        // used when `directory` cannot be written; empty = none
};

class Journal {
 public:
  // Takes the journal over. Fails with "already running (pid N)" when the process that wrote it is alive (its pid with
  // its start time; one that is dying is waited for, 10 s at most). What a dead process left is in standing();
  // undo_all() takes it back. A leftover of an earlier boot of the host is discarded.
  static Result<Journal> open(const JournalPlace& place);
  Journal(Journal&& other) noexcept;
  Journal& operator=(Journal&& other) noexcept;
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;
  // Closes the file and leaves it: only close() says that all is undone.
  ~Journal();

  // To be called before the change is made, and after it is taken back (or was not made after all).
  Result<void> about_to(const HostChange& change);
  Result<void> undone(const HostChange& change);

  // Changes made and not taken back, in the order in which they were made.
  const std::vector<HostChange>& standing() const { return standing_; }
  const std::filesystem::path& path() const { return path_; }

  // Removes the file when nothing stands; leaves it to the next start otherwise.
  void close();

 private:
  Journal() = default;
  Result<void> append(std::string_view line);
  Result<void> rewrite();

  std::filesystem::path path_;
  std::vector<HostChange> standing_;
  std::size_t lines_ = 0;
  int file_ = -1;
};

// Takes every standing change back, the newest first, and notes each. A change that others have overwritten since is
// left to them: a sysctl with another value than was set, an address without our mark. Goes on after a failure and
// returns all of them. Must run in the network namespace that was changed.
std::vector<Failure> undo_all(Journal& journal);

// The inode of the calling thread's network namespace; 0 when /proc does not tell.
std::uint64_t network_namespace_inode();

}  // namespace dvipa::kernel
