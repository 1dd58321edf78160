// dvipa netstat: what a running stack has defined, owns, distributes and routes, in the columns of the field.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <vector>

#include "harness/cli/ask.hpp"
#include "harness/cli/complain.hpp"
#include "harness/cli/verbs.hpp"

namespace dvipa::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view description =
    "Asks the stack that runs on this host. REPORT is one of\n"
    "  vipadcfg  what its profile defines\n"
    "  vipadyn   what it has to do with each DVIPA now: ACTIVE, BACKUP, MOVING, QUIESCING or DEACTIVATED\n"
    "  vdpt      the destination port table: where an owner sends new connections, and who of them is ready\n"
    "  vcrt      the connection routing table: an owner shows all that it routes, a target what it holds\n"
    "  metrics   counters and states as Prometheus text\n"
    "and `detail` behind it adds columns. docs/control.md says what the columns mean.\n"
    "\n"
    "Examples:\n"
    "  dvipa netstat vipadyn\n"
    "  dvipa netstat vdpt detail --name MVS1\n"
    "  dvipa netstat vcrt --max 20 --json\n";

struct Column {
  std::string_view heading;
  const char* key;
  bool to_the_right = false;  // numbers
};

std::string cell(const Json& row, const Column& column) {
  const auto value = row.find(column.key);
  if (value == row.end() || value->is_null()) return "";
  if (value->is_string()) return value->get<std::string>();
  if (value->is_boolean()) return value->get<bool>() ? "yes" : "no";
  return value->dump();
}

std::string trimmed(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

std::string table_of(const std::vector<Column>& columns, const Json& rows) {
  std::vector<std::size_t> widths;
  for (const Column& column : columns) {
    std::size_t width = column.heading.size();
    for (const Json& row : rows) width = std::max(width, cell(row, column).size());
    widths.push_back(width);
  }
  const auto line_of = [&](const auto& text_of) {
    std::string line;
    for (std::size_t i = 0; i < columns.size(); ++i)
      line += columns[i].to_the_right ? fmt::format("{:>{}}  ", text_of(columns[i]), widths[i])
                                      : fmt::format("{:<{}}  ", text_of(columns[i]), widths[i]);
    return trimmed(std::move(line));
  };
  std::string text = line_of([](const Column& column) { return std::string(column.heading); });
  for (const Json& row : rows) text += line_of([&](const Column& column) { return cell(row, column); });
  return text;
}

Json rows_with(const Json& rows, std::string_view statement) {
  Json picked = Json::array();
  for (const Json& row : rows)
    if (row.value("statement", "") == statement) picked.push_back(row);
  return picked;
}

std::string config_of(const Json& rows) {
  struct Section {
    std::string_view statement;
    std::vector<Column> columns;
  };
  const Column address{"IP Address", "ip_address"};
  const Column prefix{"Prefix", "prefix_bits", true};
  const Column moveable{"Moveable", "moveable"};
  const Column flags{"Flg", "flags"};
  const Column deactivated{"Deactivated", "deactivated"};
  const std::vector<Section> sections = {{"VIPADEFINE", {address, prefix, moveable, flags, deactivated}},
                                         {"VIPABACKUP", {address, {"Rank", "rank", true}, flags, deactivated}},
                                         {"VIPARANGE", {address, prefix, moveable, flags}},
                                         {"SOURCEVIPA", {address, {"Job", "job"}}},
                                         {"VIPADISTRIBUTE",
                                          {address,
                                           {"Port", "port"},
                                           {"XCF Address", "dest_xcf"},
                                           {"DistMethod", "method"},
                                           {"TimAff", "affinity_s", true},
                                           flags}}};
  std::string text;
  for (const Section& section : sections)
    if (const Json picked = rows_with(rows, section.statement); !picked.empty())
      text += fmt::format("{}{}:\n{}", text.empty() ? "" : "\n", section.statement, table_of(section.columns, picked));
  return text.empty() ? "The profile of this stack defines nothing.\n" : text;
}

std::vector<Column> dynamic_columns(bool detail) {
  std::vector<Column> columns = {{"IP Address", "ip_address"},
                                 {"Prefix", "prefix_bits", true},
                                 {"Status", "status"},
                                 {"Origination", "origination"},
                                 {"Rank", "rank", true},
                                 {"DistStat", "dist"},
                                 {"Owner", "owner"}};
  if (detail)
    columns.insert(columns.end(), {{"State", "state"},
                                   {"Target", "target_state"},
                                   {"Epoch", "epoch"},
                                   {"By", "requirement"},
                                   {"Routes", "routes", true},
                                   {"Held", "held_here", true}});
  return columns;
}

std::vector<Column> destination_columns(bool detail) {
  std::vector<Column> columns = {{"Dest IPaddr", "dest"},
                                 {"DPort", "port", true},
                                 {"DestXCF Addr", "dest_xcf"},
                                 {"Rdy", "ready", true},
                                 {"TotalConn", "total_connections", true},
                                 {"Wgt", "weight", true},
                                 {"Flg", "flags"}};
  if (detail)
    columns.insert(columns.end(),
                   {{"ActConn", "active_connections", true}, {"DistMethod", "method"}, {"Target", "target"}});
  return columns;
}

std::vector<Column> connection_columns(bool detail) {
  std::vector<Column> columns = {{"Dest IPaddr", "dest"},
                                 {"DPort", "port", true},
                                 {"Src IPaddr", "source"},
                                 {"SPort", "source_port", true},
                                 {"DestXCF Addr", "dest_xcf"}};
  if (detail) columns.insert(columns.end(), {{"Target", "target"}, {"Role", "role"}});
  return columns;
}

std::string text_of(const std::string& report, bool detail, const Json& answer) {
  const Json& rows = answer.at("rows");
  if (report == "vipadcfg") return config_of(rows);
  const std::string none = rows.empty() ? "(none)\n" : "";
  if (report == "vipadyn") return table_of(dynamic_columns(detail), rows) + none;
  if (report == "vdpt") return table_of(destination_columns(detail), rows) + none;
  const auto total = answer.value("total", std::size_t{0});
  const std::string rest = rows.size() < total
                               ? fmt::format("{} of {} connections are shown; --max N shows more\n", rows.size(), total)
                               : "";
  return table_of(connection_columns(detail), rows) + none + rest;
}

int show(std::string_view report, bool detail, bool as_json, const Json& answer) {
  if (as_json) {
    fmt::print("{}\n", answer.dump(2, ' ', false, Json::error_handler_t::replace));
    return exit_passed;
  }
  if (!answer.value("in_group", true)) fmt::print("{} is not in its group.\n", answer.value("stack", ""));
  fmt::print("{}", text_of(std::string(report), detail, answer));
  return exit_passed;
}

}  // namespace

int run_netstat(std::span<const std::string> words) {
  CommandLine line("netstat", description);
  auto& arguments = line.arguments();
  TCLAP::UnlabeledValueArg<std::string> report("REPORT", "vipadcfg, vipadyn, vdpt, vcrt or metrics", true, "", "REPORT",
                                               arguments);
  TCLAP::UnlabeledValueArg<std::string> detail("detail", "more columns", false, "", "detail", arguments);
  StackChoice stack(line);
  TCLAP::ValueArg<std::size_t> max("", "max", "rows of vcrt at most (1000)", false, 1000, "N", arguments);
  TCLAP::SwitchArg json("", "json", "print JSON instead of a table", arguments);
  if (const auto exit_code = line.parse(words)) return *exit_code;
  constexpr std::array<std::string_view, 5> reports = {"vipadcfg", "vipadyn", "vdpt", "vcrt", "metrics"};
  if (std::ranges::find(reports, report.getValue()) == reports.end())
    return line.bad_usage(fmt::format("there is no report '{}'", report.getValue()));
  if (detail.isSet() && detail.getValue() != "detail")
    return line.bad_usage(
        fmt::format("'{}' is not understood behind the report; did you mean detail?", detail.getValue()));
  if (report.getValue() == "metrics") {
    const auto answer = stack.ask("netstat", {{"verb", "metrics"}});
    if (!answer) return answer.error();
    fmt::print("{}", answer->value("text", ""));
    return exit_passed;
  }
  const auto answer = stack.ask(
      "netstat",
      {{"verb", "netstat"}, {"report", report.getValue()}, {"detail", detail.isSet()}, {"max", max.getValue()}});
  if (!answer) return answer.error();
  return show(report.getValue(), detail.isSet(), json.getValue(), *answer);
}

}  // namespace dvipa::cli
