#include "impl/live/kernel/fence.hpp"

#include <fmt/format.h>
#include <net/if.h>
#include <nftables/libnftables.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>
#include <utility>

namespace dvipa::kernel {
namespace {

using Forwarder = std::pair<Address, MacAddress>;

std::string text_of(const Address& address) { return dvipa::to_string(address); }
std::string text_of(const Forwarder& forwarder) {
  return fmt::format("{} . {:02x}", dvipa::to_string(forwarder.first), fmt::join(forwarder.second, ":"));
}
const Address& address_of(const Address& address) { return address; }
const Address& address_of(const Forwarder& forwarder) { return forwarder.first; }

// One statement a family that adds or deletes these elements of the set `name`.
template <typename Element>
void state_elements(std::string& script, const char* verb, const std::string& table, const char* name,
                    const std::vector<Element>& elements) {
  for (const bool v4 : {true, false}) {
    std::string list;
    for (const Element& element : elements)
      if (address_of(element).is_v4() == v4) list += (list.empty() ? "" : ", ") + text_of(element);
    if (!list.empty())
      script += fmt::format("{} element netdev {} {}{} {{ {} }}\n", verb, table, name, v4 ? '4' : '6', list);
  }
}

template <typename Element>
void state_difference(std::string& script, const std::string& table, const char* name, const std::set<Element>& before,
                      const std::set<Element>& after) {
  std::vector<Element> gone;
  std::vector<Element> come;
  std::set_difference(before.begin(), before.end(), after.begin(), after.end(), std::back_inserter(gone));
  std::set_difference(after.begin(), after.end(), before.begin(), before.end(), std::back_inserter(come));
  state_elements(script, "delete", table, name, gone);
  state_elements(script, "add", table, name, come);
}

// Names are pasted into the script: nothing but what nftables takes as a bare word.
bool is_plain_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.';
  });
}

std::string table_script(const std::string& table, const std::string& interface) {
  // "add" before "delete" makes the deletion of a table that may not be there succeed.
  return fmt::format(R"(add table netdev {0}
delete table netdev {0}
table netdev {0} {{
  set dvipas4 {{ type ipv4_addr; }}
  set dvipas6 {{ type ipv6_addr; }}
  set forwarders4 {{ type ipv4_addr . ether_addr; }}
  set forwarders6 {{ type ipv6_addr . ether_addr; }}
  counter refused4 {{ }}
  counter refused6 {{ }}
  chain ingress {{
    type filter hook ingress device "{1}" priority -300; policy accept;
    ip daddr @dvipas4 ip daddr . ether saddr != @forwarders4 counter name refused4 drop
    ip6 daddr @dvipas6 ip6 daddr . ether saddr != @forwarders6 counter name refused6 drop
  }}
}}
)",
                     table, interface);
}

struct Nftables {
  struct Free {
    void operator()(nft_ctx* each) const { nft_ctx_free(each); }
  };
  std::unique_ptr<nft_ctx, Free> context;

  static Result<Nftables> open() {
    Nftables nftables{std::unique_ptr<nft_ctx, Free>(nft_ctx_new(NFT_CTX_DEFAULT))};
    if (!nftables.context || nft_ctx_buffer_output(nftables.context.get()) != 0 ||
        nft_ctx_buffer_error(nftables.context.get()) != 0)
      return tl::unexpected(Failure{"open nftables", "install libnftables; the kernel needs CONFIG_NF_TABLES", errno});
    nft_ctx_output_set_flags(nftables.context.get(), NFT_CTX_OUTPUT_JSON);
    return nftables;
  }

  Result<void> run(const std::string& script, const std::string& action) {
    errno = 0;
    if (nft_run_cmd_from_buffer(context.get(), script.c_str()) == 0) return {};
    const int error = errno;
    std::string said = nft_ctx_get_error_buffer(context.get());
    said = said.substr(0, said.find('\n'));
    Failure refused{action + ": nftables said: " + said, "", error};
    if (said.find("not permitted") != std::string::npos)
      refused.remedy = "run as root, or with CAP_NET_ADMIN in the network namespace";
    else if (said.find("not supported") != std::string::npos)
      refused.remedy = "the kernel needs CONFIG_NF_TABLES and CONFIG_NF_TABLES_NETDEV (module nf_tables)";
    else
      refused.remedy = "see `ip link` for the interface and `nft list ruleset` for the table";
    return tl::unexpected(std::move(refused));
  }
};

}  // namespace

struct Fence::State {
  // What the kernel's sets hold: the table is ours alone.
  struct Contents {
    std::set<Address> protected_dvipas;
    std::set<Forwarder> accepted;

    void change(const Protect& protect) { protected_dvipas.insert(protect.dvipa); }
    void change(const Unprotect& unprotect) {
      protected_dvipas.erase(unprotect.dvipa);
      std::erase_if(accepted, [&](const Forwarder& each) { return each.first == unprotect.dvipa; });
    }
    void change(const AcceptForwarder& accept) { accepted.emplace(accept.dvipa, accept.forwarder); }
    void change(const RefuseForwarder& refuse) { accepted.erase({refuse.dvipa, refuse.forwarder}); }
  };

  Journal* journal;
  std::string table;
  Nftables nftables;
  Contents contents;
};

Fence::Fence(std::unique_ptr<State> state) : state_(std::move(state)) {}
Fence::Fence(Fence&&) noexcept = default;
Fence& Fence::operator=(Fence&&) noexcept = default;
Fence::~Fence() = default;

Result<Fence> Fence::open(Journal& journal, const std::string& interface) {
  if (!is_plain_name(interface))
    return tl::unexpected(Failure{"make the fence on '" + interface + "': not a plain interface name",
                                  "rename the interface to letters, digits, '_', '-' and '.'", EINVAL});
  // The kernel itself takes a chain for a device that is still to come.
  if (if_nametoindex(interface.c_str()) == 0) return tl::unexpected(failure("make the fence on " + interface, errno));
  auto nftables = Nftables::open();
  if (!nftables) return tl::unexpected(nftables.error());
  const std::string table = "dvipa_" + interface;
  if (auto noted = journal.about_to(FenceTableMade{table}); !noted) return tl::unexpected(noted.error());
  if (auto made = nftables->run(table_script(table, interface), "make the fence on " + interface); !made) {
    if (auto noted = journal.undone(FenceTableMade{table}); !noted) return tl::unexpected(noted.error());
    return tl::unexpected(made.error());
  }
  return Fence(std::make_unique<State>(State{&journal, table, std::move(*nftables), {}}));
}

Result<void> Fence::apply(std::span<const FenceChange> changes) {
  State::Contents next = state_->contents;
  for (const FenceChange& change : changes) std::visit([&next](const auto& each) { next.change(each); }, change);
  std::string script;
  state_difference(script, state_->table, "forwarders", state_->contents.accepted, next.accepted);
  state_difference(script, state_->table, "dvipas", state_->contents.protected_dvipas, next.protected_dvipas);
  if (script.empty()) return {};
  if (auto changed = state_->nftables.run(script, "change the fence " + state_->table); !changed) return changed;
  state_->contents = std::move(next);
  return {};
}

Result<void> Fence::protect(const Address& dvipa) {
  const FenceChange change = Protect{dvipa};
  return apply({&change, 1});
}
Result<void> Fence::unprotect(const Address& dvipa) {
  const FenceChange change = Unprotect{dvipa};
  return apply({&change, 1});
}
Result<void> Fence::accept_forwarder(const Address& dvipa, const MacAddress& forwarder) {
  const FenceChange change = AcceptForwarder{dvipa, forwarder};
  return apply({&change, 1});
}
Result<void> Fence::refuse_forwarder(const Address& dvipa, const MacAddress& forwarder) {
  const FenceChange change = RefuseForwarder{dvipa, forwarder};
  return apply({&change, 1});
}

Result<FenceCounters> Fence::counters() {
  const std::string action = "read the counters of " + state_->table;
  if (auto asked = state_->nftables.run("list counters table netdev " + state_->table + "\n", action); !asked)
    return tl::unexpected(asked.error());
  using Json = nlohmann::json;
  const Json told = Json::parse(nft_ctx_get_output_buffer(state_->nftables.context.get()), nullptr, false);
  FenceCounters counters;
  if (!told.is_object()) return tl::unexpected(Failure{action + ": nftables did not answer in JSON", "", 0});
  for (const Json& item : told.value("nftables", Json::array())) {
    const Json counter = item.value("counter", Json::object());
    if (counter.value("table", "") != state_->table) continue;
    const bool v4 = counter.value("name", "") == "refused4";
    (v4 ? counters.refused_packets_v4 : counters.refused_packets_v6) = counter.value("packets", std::uint64_t{0});
    (v4 ? counters.refused_bytes_v4 : counters.refused_bytes_v6) = counter.value("bytes", std::uint64_t{0});
  }
  return counters;
}

Result<void> Fence::close() {
  if (auto removed = remove_fence_table(state_->table); !removed) return removed;
  state_->contents = {};
  return state_->journal->undone(FenceTableMade{state_->table});
}

Result<void> remove_fence_table(const std::string& table) {
  const std::string action = "remove the fence " + table;
  if (!is_plain_name(table)) return tl::unexpected(Failure{action + ": not a plain name", "", EINVAL});
  auto nftables = Nftables::open();
  if (!nftables) return tl::unexpected(nftables.error());
  return nftables->run(fmt::format("add table netdev {0}\ndelete table netdev {0}\n", table), action);
}

}  // namespace dvipa::kernel
