#include "impl/live/shell/requests.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace dvipa {
namespace {

using Json = nlohmann::ordered_json;
using Read = tl::expected<OperatorRequest, std::string>;
using request::Report;

constexpr std::array reports = {Report::vipadcfg, Report::vipadyn, Report::vdpt, Report::vcrt};

tl::unexpected<std::string> wrong(std::string what) { return tl::unexpected(std::move(what)); }

// The member `name`, a string; empty when there is none.
std::string text_of(const Json& json, const char* name) {
  const auto member = json.find(name);
  return member != json.end() && member->is_string() ? member->get<std::string>() : "";
}

tl::expected<Address, std::string> dvipa_of(const Json& json) {
  const auto address = parse_address(text_of(json, "dvipa"));
  if (!address) return wrong("\"dvipa\" is to be an address, as \"10.77.1.1\"");
  return *address;
}

tl::expected<std::optional<Port>, std::string> port_of(const Json& json) {
  const auto member = json.find("port");
  if (member == json.end()) return std::optional<Port>();
  if (!member->is_number_unsigned() || member->get<std::uint64_t>() - 1 >= 65535)
    return wrong("\"port\" is to be a number from 1 to 65535");
  return std::optional(member->get<Port>());
}

Read read_netstat(const Json& json) {
  const std::string name = text_of(json, "report");
  const auto* const report = std::ranges::find(reports, name, request::name_of);
  if (report == reports.end()) return wrong(fmt::format("there is no report \"{}\"", name));
  request::Netstat netstat{*report};
  if (const auto detail = json.find("detail"); detail != json.end()) {
    if (!detail->is_boolean()) return wrong("\"detail\" is to be true or false");
    netstat.detail = detail->get<bool>();
  }
  if (const auto max = json.find("max"); max != json.end()) {
    if (!max->is_number_unsigned()) return wrong("\"max\" is to be a number");
    netstat.rows_max = max->get<std::size_t>();
  }
  return netstat;
}

template <class Kind>
Read read_about_dvipa(const Json& json) {
  const auto dvipa = dvipa_of(json);
  if (!dvipa) return wrong(dvipa.error());
  return Kind{*dvipa};
}

template <class Kind>
Read read_about_port(const Json& json) {
  const auto port = port_of(json);
  if (!port) return wrong(port.error());
  return Kind{*port};
}

Read read_weight(const Json& json) {
  const auto dvipa = dvipa_of(json);
  if (!dvipa) return wrong(dvipa.error());
  request::Weight weight{*dvipa, text_of(json, "target"), std::nullopt};
  if (weight.target.empty()) return wrong("\"target\" is to be the name or the XCF address of a member");
  if (const auto member = json.find("weight"); member != json.end()) {
    if (!member->is_number_unsigned() || member->get<std::uint64_t>() > 255)
      return wrong("\"weight\" is to be a number from 0 to 255");
    weight.weight = member->get<std::uint16_t>();
  }
  return weight;
}

Read read_source(const Json& json) {
  request::Source source{text_of(json, "job"), text_of(json, "family") != "IPv6"};
  if (source.job.empty()) return wrong("\"job\" is to be the name of a program");
  return source;
}

Read read_vary(const Json& json) {
  const std::string command = text_of(json, "command");
  if (command == "obey") return request::Obey{text_of(json, "file"), text_of(json, "text")};
  if (command == "leavegroup") return request::LeaveGroup{};
  if (command == "joingroup") return request::JoinGroup{};
  if (command == "activate") {
    const auto dvipa = dvipa_of(json);
    if (!dvipa) return wrong(dvipa.error());
    return request::Activate{*dvipa, text_of(json, "by") != "bind"};
  }
  if (command == "deactivate") return read_about_dvipa<request::Deactivate>(json);
  if (command == "reactivate") return read_about_dvipa<request::Reactivate>(json);
  if (command == "weight") return read_weight(json);
  if (command == "quiesce") return read_about_port<request::Quiesce>(json);
  if (command == "resume") return read_about_port<request::Resume>(json);
  return wrong(fmt::format("there is no command \"{}\"", command));
}

}  // namespace

std::string_view request::name_of(Report report) {
  static constexpr std::array<std::string_view, 4> names = {"vipadcfg", "vipadyn", "vdpt", "vcrt"};
  return names.at(static_cast<std::size_t>(report));
}

Read read_request(const Json& json) {
  const std::string verb = text_of(json, "verb");
  if (verb == "netstat") return read_netstat(json);
  if (verb == "metrics") return request::Metrics{};
  if (verb == "vary") return read_vary(json);
  if (verb == "source") return read_source(json);
  return wrong(fmt::format("there is no verb \"{}\"", verb));
}

}  // namespace dvipa
