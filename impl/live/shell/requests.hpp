#pragma once
// What an operator can ask of a running stack, as values read from the requests of its control socket.
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <variant>

#include "spec/vocabulary/connection.hpp"

namespace dvipa {
namespace request {

enum class Report { vipadcfg, vipadyn, vdpt, vcrt };
std::string_view name_of(Report report);

struct Netstat {
  Report report = Report::vipadcfg;
  bool detail = false;
  std::size_t rows_max = 1000;  // of vcrt
};
struct Metrics {};
// Obey the profile `text`, which errors call `file` (CFG-7, CFG-8).
struct Obey {
  std::string file;
  std::string text;
};
struct LeaveGroup {};
struct JoinGroup {};
struct Deactivate {
  Address dvipa;
};
struct Reactivate {
  Address dvipa;
};
// MOV-1, MOV-2: an application is about to bind to it, or the operator wants it here.
struct Activate {
  Address dvipa;
  bool by_operator = true;
};
// CFG-6: a program that is about to connect wants to know its source address.
struct Source {
  std::string job;
  bool v4 = true;  // of the server's family
};
// RTE-8: the weight of a target, for new connections of the DVIPA.
struct Weight {
  Address dvipa;
  std::string target;                   // a member's name or XCF address
  std::optional<std::uint16_t> weight;  // 0-255; none: as its distribution says
};
struct Quiesce {
  std::optional<Port> port;  // none: every port
};
struct Resume {
  std::optional<Port> port;
};

}  // namespace request

using OperatorRequest = std::variant<request::Netstat, request::Metrics, request::Obey, request::LeaveGroup,
                                     request::JoinGroup, request::Source, request::Activate, request::Deactivate,
                                     request::Reactivate, request::Weight, request::Quiesce, request::Resume>;

// The error says what is wrong with the request. `json` is an object; whatever else it holds is not to be trusted.
tl::expected<OperatorRequest, std::string> read_request(const nlohmann::ordered_json& json);

}  // namespace dvipa
